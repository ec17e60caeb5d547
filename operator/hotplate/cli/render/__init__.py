"""What the command prints of resources, plans, checks and sizes.

The same text stands for a cluster and for this machine: each function takes the resource's own
status, and a console to print on.
"""
