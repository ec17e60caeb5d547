"""Event times as Feast stores them: a serialized `google.protobuf.Timestamp`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def varint(value: int) -> bytes:
    """Return the number, as 64 bits of two's complement, as a varint."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def serialized(micros: int) -> bytes:
    """Return the serialized timestamp of microseconds since the epoch."""
    seconds, rest = divmod(micros, 1_000_000)
    head = b"\x08" + varint(seconds) if seconds else b""
    return head + b"\x10" + varint(rest * 1000) if rest else head


def microseconds(when: datetime) -> int:
    """Return the microseconds since the epoch; a naive time is UTC, as everywhere in Feast."""
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND
