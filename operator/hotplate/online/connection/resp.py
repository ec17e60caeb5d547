"""The Redis protocol (RESP2) as bytes: commands out; replies are parsed by hiredis."""

from __future__ import annotations


def bulk(data: bytes) -> bytes:
    """Return the data as a bulk string."""
    return b"$%d\r\n%b\r\n" % (len(data), data)


def command(*parts: str | bytes) -> bytes:
    """Return one command with its arguments."""
    encoded = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"*%d\r\n%b" % (len(encoded), b"".join(map(bulk, encoded)))
