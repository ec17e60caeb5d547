"""The least privileges of a user of the online store, as ACL rules of Valkey and Redis.

ElastiCache calls them an access string. The preflight checks them, and tests run every Job with a
user that has exactly these.
"""

from __future__ import annotations

READS = ("asking", "cluster|slots", "echo", "hmget", "ping", "readonly", "select")
"""The commands of a scoring process."""

WRITES = (
    "command",
    "evalsha",
    "expire",
    "hdel",
    "hget",
    "hkeys",
    "hset",
    "info",
    "sadd",
    "scan",
    "script|load",
    "smembers",
    "srem",
    "unlink",
)
"""The further commands of Jobs and of Feast's plugin: writes, deletions and the preflight."""

RESERVED_PREFIX = "hotplate:"
"""The prefix of Hotplate's own keys; keys of rows end with the project's name."""


def acl_rules(project: str) -> str:
    """Return the ACL rules of a user for everything that a FeatureStore does."""
    commands = " ".join(f"+{name}" for name in sorted((*READS, *WRITES)))
    return f"on ~*{project} ~{RESERVED_PREFIX}* resetchannels -@all {commands}"


def reading_acl_rules(project: str) -> str:
    """Return the ACL rules of a user for scoring processes alone."""
    return f"on ~*{project} resetchannels -@all {' '.join(f'+{name}' for name in READS)}"
