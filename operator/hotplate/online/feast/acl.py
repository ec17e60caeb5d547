"""The least that a user of the online store may do, as an access string of ElastiCache or Valkey.

A preflight checks it; a test does everything with a user that has exactly this.
"""

from __future__ import annotations

READS = ("asking", "cluster|slots", "echo", "hmget", "ping", "readonly", "select")
"""What a scoring process sends."""

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
"""What Jobs and Feast's plugin send beside: rows, deletions, notes, and the preflight."""

NOTES = "hotplate:"
"""What the keys of Hotplate's own notes begin with; all others end with the project's name."""


def access_string(project: str) -> str:
    """Return the access string of a user for everything that a feature store does."""
    commands = " ".join(f"+{name}" for name in sorted((*READS, *WRITES)))
    return f"on ~*{project} ~{NOTES}* resetchannels -@all {commands}"


def reading_access_string(project: str) -> str:
    """Return the access string of a user for scoring processes alone."""
    return f"on ~*{project} resetchannels -@all {' '.join(f'+{name}' for name in READS)}"
