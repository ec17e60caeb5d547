"""The one error that ends a local command: its message is all that the user sees."""


class LocalError(Exception):
    """A local run cannot go on; the message says why and what to do."""
