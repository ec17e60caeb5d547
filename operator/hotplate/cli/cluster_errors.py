"""The one error that ends a command on a cluster."""


class RemoteError(Exception):
    """It cannot be shown; the message says why and what to do."""
