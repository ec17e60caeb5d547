"""What can go wrong between a row of join keys and its feature values."""

from __future__ import annotations


class OnlineReadError(Exception):
    """A read of the online store did not give an answer."""


class OnlineStoreUnavailable(OnlineReadError):  # noqa: N818 - an outage is a state, not a bug
    """The online store cannot be reached, refuses the connection, or answers with an error."""


class OnlineStoreRefused(OnlineStoreUnavailable):
    """The online store refuses the login."""


class CredentialsError(OnlineStoreRefused):
    """There is nothing to log in with: a file cannot be read, or AWS gives no credentials."""


class OnlineStoreTimeout(OnlineReadError):  # noqa: N818 - like the built-in asyncio.Timeout family
    """The online store did not answer before the deadline of the read."""


LOGIN_ERRORS = ("WRONGPASS", "NOAUTH", "NOPERM", "ERR AUTH", "ERR invalid password")
"""How the errors begin with which a server refuses a login."""


def refusal(address: str, reply: Exception) -> OnlineStoreUnavailable:
    """Return the error for an error reply to a login."""
    kind = OnlineStoreRefused if str(reply).startswith(LOGIN_ERRORS) else OnlineStoreUnavailable
    return kind(f"{address}: the server refuses: {reply}")


class FeatureValueError(OnlineReadError):
    """A stored value is not what the read plan says it is; the message names view and feature."""


class OnDemandError(Exception):
    """An on-demand feature view of the read plan cannot be computed."""


class EntityKeyError(ValueError):
    """A row lacks a join key, or holds a value of another type; the message names the join key."""


class MalformedValue(ValueError):  # noqa: N818 - says what the bytes are
    """Bytes are not a serialized Feast value."""
