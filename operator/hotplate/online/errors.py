"""The errors between a row of join keys and its feature values.

    OnlineReadError                     a read returned no rows
        OnlineStoreUnavailable          no connection, or an error reply
            OnlineStoreRefused          the server refused the login
                CredentialsError        no login: a file or AWS gave no credentials
        OnlineStoreTimeout              no reply before the deadline of the read
        FeatureValueError               a stored value does not match the read plan
    EntityKeyError (a ValueError)       a row lacks a join key, or holds one of another type
    OnDemandError                       an on-demand feature view failed
    MalformedValue (a ValueError)       bytes are not a Feast value; never leaves this package

A scoring process answers an `OnlineReadError` or an `OnDemandError` with Refer, and an
`EntityKeyError` with status 400: it is the caller's.
"""

from __future__ import annotations


class OnlineReadError(Exception):
    """A read of the online store returned no rows."""


class OnlineStoreUnavailable(OnlineReadError):  # noqa: N818 - an outage is a state, not a bug
    """The online store cannot be reached, or replied with an error."""


class OnlineStoreRefused(OnlineStoreUnavailable):
    """The online store refused the login."""


class CredentialsError(OnlineStoreRefused):
    """No login is available: a file cannot be read, or AWS gives no credentials."""


class OnlineStoreTimeout(OnlineReadError):  # noqa: N818 - like the built-in asyncio.Timeout family
    """The online store did not answer before the deadline of the read."""


LOGIN_ERRORS = ("WRONGPASS", "NOAUTH", "NOPERM", "ERR AUTH", "ERR invalid password")
"""The first words of the error replies with which a server refuses a login."""


def refusal(address: str, reply: Exception) -> OnlineStoreUnavailable:
    """Return the error for an error reply to a login."""
    kind = OnlineStoreRefused if str(reply).startswith(LOGIN_ERRORS) else OnlineStoreUnavailable
    return kind(f"{address}: the server refuses: {reply}")


class FeatureValueError(OnlineReadError):
    """A stored value does not match the read plan; the message names view and feature."""


class OnDemandError(Exception):
    """An on-demand feature view of the read plan failed."""


class EntityKeyError(ValueError):
    """A row lacks a join key, or holds a value of another type; the message names the join key."""


class MalformedValue(ValueError):  # noqa: N818 - says what the bytes are
    """Bytes are not a serialized Feast value."""
