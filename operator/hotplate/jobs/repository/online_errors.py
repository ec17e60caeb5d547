"""Errors of the online store as a `JobError`, in ElastiCache's terms and with the fix."""

from __future__ import annotations

import redis.exceptions
from redis.exceptions import RedisClusterException, RedisError

from hotplate.jobs.errors import JobError
from hotplate.online.errors import CredentialsError, OnlineReadError, OnlineStoreRefused

ONLINE_ERRORS = (RedisError, RedisClusterException, OnlineReadError)
"""What redis-py and `hotplate.online` raise; redis-py's cluster errors share no base class."""

_FIXES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("cluster support disabled", "Cluster mode is not enabled"),
        "OnlineStoreWrongMode",
        "cluster mode is disabled: set onlineStore.elastiCache.mode: Standalone",
    ),
    (
        ("MOVED ",),
        "OnlineStoreWrongMode",
        "cluster mode is enabled: set onlineStore.elastiCache.mode: Cluster",
    ),
    (
        ("NOPERM", "No permissions", "has no permissions"),
        "OnlineStoreRefused",
        "widen the user's access string: `hotplate doctor` lists what it lacks",
    ),
    (
        ("WRONGPASS", "NOAUTH", "invalid username-password", "Authentication required"),
        "OnlineStoreRefused",
        "check the login in onlineStore.elastiCache.auth and its Secret",
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED",),
        "OnlineStoreUnreachable",
        "name the CA in onlineStore.elastiCache.tls.caSecretRef, and use the endpoint's DNS name",
    ),
    (
        ("WRONG_VERSION_NUMBER", "record layer failure", "UNEXPECTED_EOF"),
        "OnlineStoreUnreachable",
        "in-transit encryption is off: set onlineStore.elastiCache.tls.enabled: false",
    ),
    (
        ("OOM command not allowed",),
        "OnlineStoreFull",
        "add shards or take a larger node type: `hotplate size` recommends one",
    ),
)


def online_error(where: str, error: Exception) -> JobError:
    """Return the `JobError`; its message starts with the place of the failure."""
    text = str(error)
    if isinstance(error, CredentialsError):
        return JobError("OnlineStoreRefused", f"{where}: {text}")
    for signs, reason, fix in _FIXES:
        if any(sign in text for sign in signs):
            return JobError(reason, f"{where}: {text}; {fix}")
    if isinstance(error, (redis.exceptions.AuthenticationError, OnlineStoreRefused)):
        return JobError("OnlineStoreRefused", f"{where}: {text}; check the login")
    if isinstance(error, (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)):
        return JobError(
            "OnlineStoreUnreachable",
            f"{where} does not answer: {text}; check endpoint, TLS and network: `hotplate doctor`"
            " finds the cause",
        )
    return JobError("OnlineStoreFailed", f"{where}: {text}")
