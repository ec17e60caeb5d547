"""One machine in place of a cluster: the body of `hotplate up`, `plan`, `status` and `down`.

What is decided is decided by `decide`, as in the operator. This package observes the state folder,
starts the Jobs as processes, keeps the status as files, and serves the bento.
"""
