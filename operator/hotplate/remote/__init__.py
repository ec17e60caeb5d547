"""`hotplate plan` and `hotplate status` on a cluster: what its resources say, as printed locally.

In dependency order:

    errors   the one error that ends a command on a cluster
    shown    resources as the renderer takes them, pure
    read     the resources, read once
"""
