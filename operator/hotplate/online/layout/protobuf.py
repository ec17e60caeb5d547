"""The protobuf wire format, read without the protobuf library.

Source: https://protobuf.dev/programming-guides/encoding/. Every function raises `MalformedValue`
on bytes that upb refuses as well.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from hotplate.online.errors import MalformedValue

VARINT, FIXED64, BYTES, START_GROUP, END_GROUP, FIXED32 = range(6)

_MASK = (1 << 64) - 1
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned 64-bit varint that starts at `at`, and where it ends."""
    value = shift = 0
    for at in range(at, min(at + 10, len(data))):  # noqa: B020, PLR1704 - resume where it ended
        byte = data[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > _MASK:
                raise MalformedValue("a varint is longer than 64 bits")
            return value, at + 1
        shift += 7
    raise MalformedValue("a varint is cut off or longer than 64 bits")


def small_varint(data: bytes) -> int | None:
    """Return the varint after a one-byte tag if it ends the data and is below 2**56, else None.

    A fast path for the numbers that most features hold.
    """
    size = len(data)
    if not 1 < size < 10 or data[-1] > 0x7F:
        return None
    value = shift = 0
    for byte in data[1:-1]:
        if byte < 0x80:
            return None
        value += byte - 0x80 << shift
        shift += 7
    return value + (data[-1] << shift)


def short_text(data: bytes) -> str | None:
    """Return the string of up to 127 bytes after a one-byte tag if it ends the data, else None."""
    if len(data) > 1 and data[1] == len(data) - 2 < 0x80:
        return text(data[2:])
    return None


def only_double(data: bytes) -> float | None:
    """Return the float of 8 bytes after a one-byte tag if it ends the data, else None."""
    return double(data[1:]) if len(data) == 9 else None


def signed64(value: int) -> int:
    """Return the unsigned 64-bit number as two's complement."""
    return value - (1 << 64) if value >> 63 else value


def signed32(value: int) -> int:
    """Return the low 32 bits of the number as two's complement."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def double(data: bytes) -> float:
    """Return the float of 8 bytes."""
    return float(_DOUBLE.unpack(data)[0])


def single(data: bytes) -> float:
    """Return the float of 4 bytes."""
    return float(_FLOAT.unpack(data)[0])


def text(data: bytes) -> str:
    """Return the string; bytes that are not UTF-8 are refused, as in proto3."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedValue("a string is not UTF-8") from error


def fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Yield (field number, wire type, value): an int for varints, bytes for the others."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number < 1 << 29 or tag >> 32:
            raise MalformedValue(f"field number {number} is out of range")
        if wire_type == START_GROUP:
            at = _after_group(data, at, number)
            continue
        value, at = _payload(data, at, wire_type)
        yield number, wire_type, value


def _payload(data: bytes, at: int, wire_type: int) -> tuple[Any, int]:
    if wire_type == VARINT:
        return varint(data, at)
    if wire_type == BYTES:
        length, at = varint(data, at)
    elif wire_type == FIXED64:
        length = 8
    elif wire_type == FIXED32:
        length = 4
    else:
        raise MalformedValue(f"unknown wire type {wire_type}")
    if length > len(data) - at:
        raise MalformedValue(f"expected {length} bytes, found {len(data) - at}")
    return data[at : at + length], at + length


def _after_group(data: bytes, at: int, group: int, depth: int = 0) -> int:
    """Return where the group ends; groups are not part of a Feast value and are skipped."""
    if depth > 100:
        raise MalformedValue("groups are nested too deep")
    while at < len(data):
        tag, at = varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == END_GROUP and number == group:
            return at
        if not number or wire_type == END_GROUP:
            break
        if wire_type == START_GROUP:
            at = _after_group(data, at, number, depth + 1)
        else:
            _, at = _payload(data, at, wire_type)
    raise MalformedValue("a group is cut off")
