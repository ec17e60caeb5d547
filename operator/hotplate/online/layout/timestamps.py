"""Event times as Feast stores them: a serialized `google.protobuf.Timestamp`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hotplate.online.layout.protobuf import VARINT, fields, signed32, signed64, small_varint

MOST_AHEAD_SECONDS = 300
"""How far ahead of now an event time may be: clocks differ. A later one is a mistake."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_NANOS = 1_000_000_000
SECONDS_TAG, _NANOS_TAG = 0x08, b"\x10"
_SECONDS_BYTES = 6
"""A tag and the seconds of any time from 1978 to 3058."""


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


def event_time(data: bytes) -> float:
    """Return the epoch seconds of a serialized `google.protobuf.Timestamp`."""
    if len(data) == _SECONDS_BYTES:
        tag, low, second, third, fourth, high = data
        if tag == SECONDS_TAG and low & second & third & fourth > 0x7F > high:
            tops = 0x80 + (0x80 << 7) + (0x80 << 14) + (0x80 << 21)
            upper = (third << 14) + (fourth << 21) + (high << 28)
            return float(low + (second << 7) + upper - tops)
    elif data[_SECONDS_BYTES : _SECONDS_BYTES + 1] == _NANOS_TAG:
        nanos = small_varint(data[_SECONDS_BYTES:])
        is_plain = data[0] == SECONDS_TAG and min(data[1:5]) > 0x7F > data[_SECONDS_BYTES - 1]
        if is_plain and nanos is not None and nanos < _NANOS:
            return event_time(data[:_SECONDS_BYTES]) + nanos / _NANOS
    parts = {1: 0, 2: 0}
    for number, kind, value in fields(data):
        if kind == VARINT and number in parts:
            parts[number] = value
    return signed64(parts[1]) + signed32(parts[2]) / _NANOS
