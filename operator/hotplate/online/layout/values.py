"""Feast's serialized values (`feast.types.Value`) as Python values, without protobuf.

The number of the one field that is set is the Feast value type (source:
protos/feast/types/Value.proto of Feast 0.67). A null is stored as no bytes. The results equal those
of Feast's `to_dict()`.
"""

from __future__ import annotations

import decimal
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

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
)
from hotplate.online.layout.repeated import (
    bools,
    doubles,
    floats,
    int32s,
    int64s,
    payloads,
    strings,
)
from hotplate.online.layout.zones import zone

Reader: TypeAlias = Callable[[Any], Any]

NULL_TIMESTAMP = -(1 << 63)
"""Feast's null inside of a timestamp value."""


def decode(data: bytes) -> Any:
    """Return the Python value of a serialized Feast value, None for a null.

    Raises `MalformedValue` when the bytes are not a Feast value.
    """
    return decode_field(data)[1]


def decode_field(data: bytes) -> tuple[int, Any]:
    """Return the number of the field that is set, 0 for none, and its Python value.

    Feast sets exactly one field: anything else is refused, as is an unknown type.
    """
    try:
        found = list(fields(data))
        if not found and not data:
            return 0, None
        ((number, kind, value),) = found
        expected, read = _READERS[number]
        if kind != expected:
            raise MalformedValue(f"type {number} has wire type {kind}, expected {expected}")
        return number, read(value)
    except KeyError:
        raise MalformedValue(f"unknown type {number}") from None
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise MalformedValue(str(error)) from error


def timestamp(seconds: int) -> datetime | None:
    """Return the time in UTC, None for Feast's null timestamp."""
    if seconds == NULL_TIMESTAMP:
        return None
    try:
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, OSError) as error:
        raise MalformedValue(f"{seconds} seconds are outside the calendar") from error


def _null(_: int) -> None:
    return None


def _timestamp(value: int) -> datetime | None:
    return timestamp(signed64(value))


def _timestamps(data: bytes) -> list[datetime | None]:
    return [timestamp(seconds) for seconds in int64s(data)]


def _json(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _values(data: bytes) -> list[Any]:
    return [decode(value) for value in payloads(data)]


def _map(data: bytes) -> dict[str, Any]:
    entries = {}
    for entry in payloads(data):
        key, value = "", b""
        for number, kind, part in fields(entry):
            if number == 1 and kind == BYTES:
                key = text(part)
            elif number == 2 and kind == BYTES:
                value += part
        entries[key] = decode(value)
    return entries


def _maps(data: bytes) -> list[dict[str, Any]]:
    return [_map(part) for part in payloads(data)]


def _scalar_map(data: bytes) -> dict[Any, Any]:
    entries = {}
    for entry in payloads(data):
        key = _map_key(b"".join(payloads(entry, 1)))
        entries[key] = decode(b"".join(payloads(entry, 2)))
    return entries


def _map_key(data: bytes) -> Any:
    """Return the key of a scalar map; it has fewer types than a value."""
    key = None
    for number, kind, value in fields(data):
        expected, read = _KEY_READERS.get(number, (None, _null))
        if kind == expected:
            key = read(value)
    return key


def _zoned(data: bytes) -> datetime | None:
    seconds, name = 0, ""
    for number, kind, value in fields(data):
        if number == 1 and kind == VARINT:
            seconds = signed64(value)
        elif number == 2 and kind == BYTES:
            name = text(value)
    moment = timestamp(seconds)
    return None if moment is None else moment.astimezone(zone(name))


def _text_of(make: Callable[[str], Any]) -> Reader:
    return lambda data: make(text(data))


def _texts_of(make: Callable[[str], Any]) -> Reader:
    return lambda data: [make(value) for value in strings(data)]


def _set_of(read: Reader) -> Reader:
    return lambda data: set(read(data))


_uuids = _texts_of(uuid.UUID)
_decimals = _texts_of(decimal.Decimal)

_KEY_READERS: dict[int, tuple[int, Reader]] = {
    1: (VARINT, signed32),
    2: (VARINT, signed64),
    3: (FIXED32, single),
    4: (FIXED64, double),
    5: (VARINT, bool),
    6: (VARINT, _timestamp),
    7: (BYTES, bytes),
    8: (BYTES, _text_of(uuid.UUID)),
    9: (BYTES, _text_of(uuid.UUID)),
    10: (BYTES, _text_of(decimal.Decimal)),
}

_READERS: dict[int, tuple[int, Reader]] = {
    1: (BYTES, bytes),
    2: (BYTES, text),
    3: (VARINT, signed32),
    4: (VARINT, signed64),
    5: (FIXED64, double),
    6: (FIXED32, single),
    7: (VARINT, bool),
    8: (VARINT, _timestamp),
    11: (BYTES, payloads),
    12: (BYTES, strings),
    13: (BYTES, int32s),
    14: (BYTES, int64s),
    15: (BYTES, doubles),
    16: (BYTES, floats),
    17: (BYTES, bools),
    18: (BYTES, _timestamps),
    19: (VARINT, _null),
    20: (BYTES, _map),
    21: (BYTES, _maps),
    22: (BYTES, _set_of(payloads)),
    23: (BYTES, _set_of(strings)),
    24: (BYTES, _set_of(int32s)),
    25: (BYTES, _set_of(int64s)),
    26: (BYTES, _set_of(doubles)),
    27: (BYTES, _set_of(floats)),
    28: (BYTES, _set_of(bools)),
    29: (BYTES, _set_of(_timestamps)),
    32: (BYTES, _text_of(_json)),
    33: (BYTES, _texts_of(_json)),
    34: (BYTES, _map),
    35: (BYTES, _maps),
    36: (BYTES, _text_of(uuid.UUID)),
    37: (BYTES, _text_of(uuid.UUID)),
    38: (BYTES, _uuids),
    39: (BYTES, _uuids),
    40: (BYTES, _set_of(_uuids)),
    41: (BYTES, _set_of(_uuids)),
    42: (BYTES, _values),
    43: (BYTES, _values),
    44: (BYTES, _text_of(decimal.Decimal)),
    45: (BYTES, _decimals),
    46: (BYTES, _set_of(_decimals)),
    47: (BYTES, _scalar_map),
    48: (BYTES, _zoned),
}
