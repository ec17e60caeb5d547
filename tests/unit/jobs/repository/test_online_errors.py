"""What an online store answers becomes a reason, its words, and what to do."""

from __future__ import annotations

import pytest
import redis.exceptions
from redis.exceptions import RedisClusterException

from hotplate.jobs.repository.online_errors import ONLINE_ERRORS, online_error
from hotplate.online.errors import CredentialsError, OnlineStoreUnavailable


@pytest.mark.parametrize(
    ("error", "reason", "fix"),
    [
        (
            RedisClusterException("Cluster mode is not enabled on this node"),
            "OnlineStoreWrongMode",
            "mode: Standalone",
        ),
        (
            OnlineStoreUnavailable(
                "c:1: CLUSTER SLOTS: ERR This instance has cluster support disabled"
            ),
            "OnlineStoreWrongMode",
            "mode: Standalone",
        ),
        (OnlineStoreUnavailable("MOVED 5 10.0.0.1:6379"), "OnlineStoreWrongMode", "mode: Cluster"),
        (
            redis.exceptions.NoPermissionError("User jobs has no permissions to run 'scan'"),
            "OnlineStoreRefused",
            "access string",
        ),
        (
            redis.exceptions.AuthenticationError("invalid username-password pair"),
            "OnlineStoreRefused",
            "Secret",
        ),
        (
            redis.exceptions.ConnectionError("[SSL: WRONG_VERSION_NUMBER] wrong version number"),
            "OnlineStoreUnreachable",
            "tls.enabled: false",
        ),
        (
            redis.exceptions.ConnectionError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"),
            "OnlineStoreUnreachable",
            "caSecretRef",
        ),
        (redis.exceptions.TimeoutError("timed out"), "OnlineStoreUnreachable", "doctor"),
        (
            redis.exceptions.OutOfMemoryError("OOM command not allowed when used memory > x"),
            "OnlineStoreFull",
            "shards",
        ),
        (CredentialsError("IAM: no AWS credentials: give a role"), "OnlineStoreRefused", "a role"),
        (redis.exceptions.ResponseError("LOADING"), "OnlineStoreFailed", "LOADING"),
    ],
)
def test_an_error_is_told_with_its_fix(error: Exception, reason: str, fix: str) -> None:
    found = online_error("online store c:6379", error)
    assert isinstance(error, ONLINE_ERRORS)
    assert found.reason == reason
    assert found.message.startswith("online store c:6379")
    assert fix in found.message
