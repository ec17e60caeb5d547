"""Checks of a cache, decided from its facts, in ElastiCache's terms and with the fix."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hotplate.api.v1alpha1.online_store import ElastiCache, StoreMode
from hotplate.jobs.checks.cache_facts import CacheFacts
from hotplate.jobs.checks.results import failed, not_checked, passed, warning
from hotplate.online.feast.acl import acl_rules
from hotplate.protocol.job_results import Check

CERTIFICATE_DAYS = 14
"""A certificate that expires sooner is warned about."""

CLOCK_SECONDS = 300
"""The clock skew that AWS allows, and by which tokens are backdated."""

OLDEST = (6, 2)
OLDEST_FOR_IAM = (7, 0)
HEADROOM = 0.75
"""The share of free memory that the views may take without a warning."""


def cache_checks(
    cache: ElastiCache, project: str, facts: CacheFacts, now: datetime
) -> Iterator[Check]:
    """Yield the checks in order; one that stops everything is the last."""
    stopped = _stopped(cache, facts)
    if stopped is not None:
        yield stopped
        return
    yield passed("endpoint", f"{cache.endpoint} answers")
    yield _tls(cache, facts, now)
    yield passed("auth", _login(cache))
    yield _mode(cache, facts)
    yield _access(project, facts)
    yield _version(cache, facts)
    yield _policy(cache, facts)


def _stopped(cache: ElastiCache, facts: CacheFacts) -> Check | None:
    """Return the check of the step that failed, if one did."""
    if facts.unreachable is not None:
        return failed(
            "endpoint",
            "OnlineStoreUnreachable",
            f"{cache.endpoint}: {facts.unreachable}: check the endpoint, and that the cache's"
            " security group lets the pods in and the pods' subnets route to it",
        )
    if facts.tls_error is not None:
        return failed("TLS", "TlsFailed", _tls_fix(cache, facts))
    return None if facts.login_error is None else _login_failed(cache, facts)


def _login_failed(cache: ElastiCache, facts: CacheFacts) -> Check:
    if facts.speaks_tls:
        return failed(
            "TLS",
            "TlsRequired",
            f"{cache.endpoint} speaks TLS (in-transit encryption is on), spec has it off:"
            " set onlineStore.elastiCache.tls.enabled: true",
        )
    if facts.clock_skew is not None and abs(facts.clock_skew) > CLOCK_SECONDS:
        return failed("auth", "RequestTimeTooSkewed", _clock_fix(facts.clock_skew))
    if facts.is_refused:
        return failed("auth", "OnlineStoreRefused", f"{facts.login_error}: {_login_fix(cache)}")
    return failed("auth", "OnlineStoreFailed", facts.login_error or "")


def _tls_fix(cache: ElastiCache, facts: CacheFacts) -> str:
    if not facts.speaks_tls:
        return (
            f"{cache.endpoint} speaks no TLS (in-transit encryption is off): turn it on in"
            " ElastiCache, or set onlineStore.elastiCache.tls.enabled: false"
        )
    error = facts.tls_error or ""
    if "match" in error or "not valid for" in error:
        fix = "use the endpoint's DNS name that ElastiCache shows"
    elif "expired" in error:
        fix = "renew the server's certificate; ElastiCache renews its own"
    else:
        fix = "name the CA that signed it in onlineStore.elastiCache.tls.caSecretRef"
    return f"{cache.endpoint}: the certificate is not trusted: {error}: {fix}"


def _clock_fix(skew: float) -> str:
    return (
        f"the IAM token was refused: this node's clock is {abs(skew):,.0f} s"
        f" {'ahead of' if skew > 0 else 'behind'} AWS's, of the {CLOCK_SECONDS} s that Signature"
        " Version 4 allows: have the node keep its time by the Amazon Time Sync Service (chrony,"
        " 169.254.169.123)"
    )


def _login_fix(cache: ElastiCache) -> str:
    auth = cache.auth
    if auth is None:
        return "the cache requires a login: set onlineStore.elastiCache.auth"
    if auth.iam is not None:
        return (
            "the token was refused: check that the user is in the cache's user group, with"
            " authentication mode IAM and user ID and name the same, cacheName, region and"
            " serverless, that the role may elasticache:Connect to both, and this node's clock"
        )
    return (
        "check the Secret of auth.passwordSecretRef against the AUTH token, or against the RBAC"
        " user in the cache's user group; an AUTH token takes no username"
    )


def _login(cache: ElastiCache) -> str:
    auth = cache.auth
    if auth is None:
        return "the cache requires no login"
    if auth.iam is not None:
        return f"user {auth.iam.user_id} is logged in by IAM"
    return f"user {auth.username or 'default'} is logged in"


def _tls(cache: ElastiCache, facts: CacheFacts, now: datetime) -> Check:
    if not cache.tls.enabled:
        return warning(
            "TLS", "in-transit encryption is off: passwords and features are sent in plain text"
        )
    if facts.certificate_ends is None:
        return passed("TLS", "the certificate is trusted")
    days = (facts.certificate_ends - now).days
    message = f"the certificate is trusted for {days} more days"
    if days < CERTIFICATE_DAYS:
        return warning("TLS", f"{message}: renew it")
    return passed("TLS", message)


def _mode(cache: ElastiCache, facts: CacheFacts) -> Check:
    if facts.is_cluster is None:
        return not_checked("cluster mode", "the user lacks +cluster|slots")
    if facts.is_cluster == (cache.mode is StoreMode.CLUSTER):
        return passed(
            "cluster mode", f"{'enabled' if facts.is_cluster else 'disabled'}, as in spec"
        )
    if facts.is_cluster:
        fix = "cluster mode is enabled, spec has mode Standalone: set mode: Cluster"
    else:
        fix = (
            "cluster mode is disabled, spec has mode Cluster: set mode: Standalone, with the"
            " primary endpoint"
        )
    return failed("cluster mode", "WrongClusterMode", f"{cache.endpoint}: {fix}")


def _access(project: str, facts: CacheFacts) -> Check:
    if not facts.denied:
        return passed("access string", "the user has all commands and keys that it needs")
    return failed(
        "access string",
        "AccessStringTooNarrow",
        f"the user lacks {', '.join(facts.denied)}: its access string should be"
        f" '{acl_rules(project)}'",
    )


def _version(cache: ElastiCache, facts: CacheFacts) -> Check:
    version = facts.info.get("redis_version", "")
    valkey = facts.info.get("valkey_version", "")
    name = f"Valkey {valkey}" if valkey else f"Redis OSS {version}"
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if not numbers:
        return not_checked("engine version", "the user lacks +info")
    needed = OLDEST_FOR_IAM if cache.auth and cache.auth.iam else OLDEST
    if numbers < needed:
        why = " for IAM authentication" if needed is OLDEST_FOR_IAM else ""
        return failed(
            "engine version",
            "EngineTooOld",
            f"{name}: upgrade to Redis OSS {needed[0]}.{needed[1]} or Valkey{why}",
        )
    return passed("engine version", name)


def _policy(cache: ElastiCache, facts: CacheFacts) -> Check:
    policy = facts.info.get("maxmemory_policy")
    name = "maxmemory-policy"
    if policy is None:
        return not_checked(
            name,
            "not reported; at its data storage maximum, ElastiCache Serverless evicts features of a"
            " store with keyTTL, and refuses writes to one without",
        )
    evicts = policy.startswith("allkeys") or (
        policy.startswith("volatile") and cache.key_ttl is not None
    )
    if evicts:
        return warning(
            name,
            f"{policy}: a full cache evicts features, which are then NOT_FOUND: set"
            " maxmemory-policy noeviction in its parameter group",
        )
    return passed(name, policy)


def memory_check(facts: CacheFacts, estimate: int | None) -> Check:
    """Check that the views fit the free memory; the estimate is in bytes."""
    if not facts.memory and "maxmemory" in facts.info:
        return passed("memory", "no limit is set")
    if not facts.memory:
        return not_checked(
            "memory",
            "no limit is reported, as on ElastiCache Serverless: compare its data storage maximum"
            " (CacheUsageLimits) with the result of `hotplate size`",
        )
    free = sum(limit - used for used, limit in facts.memory)
    figures = f"{_mebibytes(free)} free on {len(facts.memory)} primaries"
    if estimate is None:
        return passed("memory", f"{figures}; the views' size is unknown")
    figures = f"the views take about {_mebibytes(estimate)}, {figures}"
    if estimate > free:
        return failed(
            "memory",
            "NotEnoughMemory",
            f"{figures}: add shards or take a larger node type, and mind reserved-memory-percent",
        )
    if estimate > HEADROOM * free:
        return warning("memory", f"{figures}: little is left for growth")
    return passed("memory", figures)


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"
