"""Lists inside of Feast values: messages with one repeated field, packed or not."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from hotplate.online.errors import MalformedValue
from hotplate.online.layout.protobuf import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    double,
    fields,
    signed32,
    signed64,
    single,
    text,
    varint,
)


def payloads(data: bytes, field: int = 1) -> list[bytes]:
    """Return the repeated bytes, string or message field of a message."""
    return [value for number, kind, value in fields(data) if number == field and kind == BYTES]


def strings(data: bytes) -> list[str]:
    """Return the list of a StringList."""
    return [text(value) for value in payloads(data)]


def int64s(data: bytes) -> list[int]:
    """Return the list of an Int64List."""
    return [signed64(value) for value in _varints(data)]


def int32s(data: bytes) -> list[int]:
    """Return the list of an Int32List."""
    return [signed32(value) for value in _varints(data)]


def bools(data: bytes) -> list[bool]:
    """Return the list of a BoolList."""
    return [value != 0 for value in _varints(data)]


def doubles(data: bytes) -> list[float]:
    """Return the list of a DoubleList."""
    return _fixed(data, FIXED64, double, "d")


def floats(data: bytes) -> list[float]:
    """Return the list of a FloatList."""
    return _fixed(data, FIXED32, single, "f")


def _varints(data: bytes) -> list[int]:
    values: list[int] = []
    for number, kind, value in fields(data):
        if number == 1 and kind == VARINT:
            values.append(value)
        elif number == 1 and kind == BYTES:
            values += _packed_varints(value)
    return values


def _packed_varints(data: bytes) -> list[int]:
    values = []
    at = 0
    while at < len(data):
        value, at = varint(data, at)
        values.append(value)
    return values


def _fixed(data: bytes, single_kind: int, one: Callable[[bytes], float], code: str) -> list[float]:
    values: list[float] = []
    for number, kind, value in fields(data):
        if number == 1 and kind == single_kind:
            values.append(one(value))
        elif number == 1 and kind == BYTES:
            values += _packed_fixed(value, code)
    return values


def _packed_fixed(data: bytes, code: str) -> tuple[Any, ...]:
    count, rest = divmod(len(data), struct.calcsize(code))
    if rest:
        raise MalformedValue(f"a packed list has {rest} extra bytes")
    return struct.unpack(f"<{count}{code}", data)
