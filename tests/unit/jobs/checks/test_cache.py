"""What the facts of a cache mean: the term that AWS uses for what is wrong, and the fix."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hotplate.jobs.checks.cache import cache_checks, memory_check
from hotplate.jobs.checks.cache_facts import CacheFacts
from hotplate.jobs.checks.results import failed, passed, result_of, warning
from hotplate.jobs.checks.view_sizes import row_bytes
from hotplate.protocol.job_results import MAX_BYTES, Check, Verdict
from support.api.resources import feature_store

NOW = datetime(2026, 11, 24, tzinfo=UTC)
GIB = 2**30
WELL = CacheFacts(
    speaks_tls=True,
    certificate_ends=NOW + timedelta(days=90),
    is_cluster=True,
    info={
        "redis_version": "7.2.4",
        "valkey_version": "8.1.0",
        "maxmemory_policy": "noeviction",
    },
    memory=((GIB, 4 * GIB), (GIB, 4 * GIB)),
)
PASSWORD = {"passwordSecretRef": {"name": "cache", "key": "token"}}
IAM = {"iam": {"userId": "jobs", "cacheName": "features", "region": "us-east-1"}}


def checked(facts: CacheFacts, **cache: Any) -> dict[str, Check]:
    given = {"endpoint": "cfg.example.com:6379", "auth": PASSWORD, **cache}
    store = feature_store(onlineStore={"elastiCache": given}).spec.online_store.elasti_cache
    assert store is not None
    return {check.name: check for check in cache_checks(store, "credit", facts, NOW)}


def failure(facts: CacheFacts, **cache: Any) -> Check:
    """Return the one check that fails."""
    (found,) = (c for c in checked(facts, **cache).values() if c.verdict is Verdict.FAILED)
    return found


def test_a_cache_that_is_as_it_should_be_passes_every_check() -> None:
    found = checked(WELL)
    assert {check.verdict for check in found.values()} == {Verdict.PASSED}
    assert list(found) == [
        "endpoint",
        "TLS",
        "auth",
        "cluster mode",
        "access string",
        "engine version",
        "maxmemory-policy",
    ]
    assert found["engine version"].message == "Valkey 8.1.0"


@pytest.mark.parametrize(
    ("facts", "cache", "reason", "fix"),
    [
        (CacheFacts(unreachable="timed out"), {}, "OnlineStoreUnreachable", "security group"),
        (
            CacheFacts(tls_error="wrong version number", speaks_tls=False),
            {},
            "TlsFailed",
            "tls.enabled: false",
        ),
        (
            CacheFacts(tls_error="self-signed certificate", speaks_tls=True),
            {},
            "TlsFailed",
            "caSecretRef",
        ),
        (
            CacheFacts(tls_error="Hostname mismatch, certificate is not valid", speaks_tls=True),
            {},
            "TlsFailed",
            "DNS name",
        ),
        (
            CacheFacts(login_error="closed", speaks_tls=True),
            {"tls": {"enabled": False}},
            "TlsRequired",
            "tls.enabled: true",
        ),
        (
            CacheFacts(login_error="WRONGPASS", is_refused=True),
            {},
            "OnlineStoreRefused",
            "user group",
        ),
        (
            CacheFacts(login_error="NOAUTH", is_refused=True),
            {"auth": None},
            "OnlineStoreRefused",
            "elastiCache.auth",
        ),
        (
            CacheFacts(login_error="WRONGPASS", is_refused=True),
            {"auth": IAM},
            "OnlineStoreRefused",
            "elasticache:Connect",
        ),
        (
            CacheFacts(login_error="WRONGPASS", is_refused=True, clock_skew=-421.0),
            {"auth": IAM},
            "RequestTimeTooSkewed",
            "421 s behind AWS's, of the 300 s",
        ),
        (
            CacheFacts(login_error="WRONGPASS", is_refused=True, clock_skew=3600.0),
            {"auth": IAM},
            "RequestTimeTooSkewed",
            "3,600 s ahead of AWS's",
        ),
        (
            CacheFacts(login_error="WRONGPASS", is_refused=True, clock_skew=-12.0),
            {"auth": IAM},
            "OnlineStoreRefused",
            "elasticache:Connect",
        ),
        (replace(WELL, is_cluster=False), {}, "WrongClusterMode", "mode: Standalone"),
        (WELL, {"mode": "Standalone"}, "WrongClusterMode", "mode: Cluster"),
        (replace(WELL, denied=("+scan",)), {}, "AccessStringTooNarrow", "on ~*credit "),
        (replace(WELL, info={"redis_version": "5.0.6"}), {}, "EngineTooOld", "upgrade"),
        (
            replace(WELL, info={"redis_version": "6.2.6"}),
            {"auth": IAM},
            "EngineTooOld",
            "IAM authentication",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(
    facts: CacheFacts, cache: dict[str, Any], reason: str, fix: str
) -> None:
    given = {name: value for name, value in cache.items() if value is not None}
    if "auth" in cache and cache["auth"] is None:
        given["auth"] = {}
    found = _failure_without_auth(facts) if given.get("auth") == {} else failure(facts, **given)
    assert found.reason == reason
    assert fix in found.message


def _failure_without_auth(facts: CacheFacts) -> Check:
    cache = {"endpoint": "cfg.example.com:6379"}
    store = feature_store(onlineStore={"elastiCache": cache}).spec.online_store.elasti_cache
    assert store is not None
    (found,) = cache_checks(store, "credit", facts, NOW)
    return found


def test_what_is_worth_knowing_stops_nothing() -> None:
    ends_soon = replace(WELL, certificate_ends=NOW + timedelta(days=3))
    evicts = replace(WELL, info=WELL.info | {"maxmemory_policy": "allkeys-lru"})
    expires = replace(WELL, info=WELL.info | {"maxmemory_policy": "volatile-lru"})
    assert checked(ends_soon)["TLS"].verdict is Verdict.WARNING
    assert "3 more days" in checked(ends_soon)["TLS"].message
    assert checked(evicts)["maxmemory-policy"].verdict is Verdict.WARNING
    assert checked(expires)["maxmemory-policy"].verdict is Verdict.PASSED
    assert checked(expires, keyTTL="30d")["maxmemory-policy"].verdict is Verdict.WARNING
    assert checked(WELL, tls={"enabled": False})["TLS"].verdict is Verdict.WARNING


def test_what_a_serverless_cache_does_not_tell_is_said_and_stops_nothing() -> None:
    serverless = replace(WELL, info={"redis_version": "7.2.4"}, memory=())
    found = [checked(serverless)["maxmemory-policy"], memory_check(serverless, 10**12)]
    assert {check.verdict for check in found} == {Verdict.NOT_CHECKED}
    assert "data storage maximum" in found[0].message
    assert "CacheUsageLimits" in found[1].message
    assert "NotChecked" in result_of(found).to_json()


def test_a_cache_without_a_limit_has_room() -> None:
    unlimited = replace(WELL, info={**WELL.info, "maxmemory": "0"}, memory=())
    assert memory_check(unlimited, 10**12).verdict is Verdict.PASSED


def test_the_views_must_fit_the_free_memory_of_all_primaries() -> None:
    assert memory_check(WELL, 4 * GIB).verdict is Verdict.PASSED
    assert memory_check(WELL, 5 * GIB).verdict is Verdict.WARNING
    assert memory_check(WELL, 7 * GIB).reason == "NotEnoughMemory"
    assert memory_check(WELL, None).verdict is Verdict.PASSED


def test_texts_take_more_than_numbers() -> None:
    assert row_bytes(["INT64", "STRING"]) > row_bytes(["INT64", "DOUBLE"]) > row_bytes(["INT64"])


def test_a_result_fits_a_termination_message_and_has_what_did_not_pass() -> None:
    long = "x" * 2000
    found = [passed("a", long), passed("b", long), warning("c", long), failed("d", "Bad", long)]
    result = result_of(found)
    assert result.result == "Failed"
    assert (result.reason, len(result.to_json()) < MAX_BYTES) == ("Bad", True)
    assert [check.name for check in result.checks] == ["d", "c"]
    good = result_of(found[:3])
    assert good.result == "Checked"
    assert len(good.to_json()) < MAX_BYTES
    assert '"name":"c"' in good.to_json()
