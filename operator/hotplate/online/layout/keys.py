"""The keys of Feast's Redis layout: a serialized entity key (version 3) and the project.

Layout, little endian: number of join keys; for each join key, sorted by name, the type STRING,
its length and name; for each value in that order its type, its length and its bytes; the project.
Source: feast/infra/key_encoding_utils.py of Feast 0.67.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from hotplate.online.errors import EntityKeyError
from hotplate.online.layout.dtypes import NUMBERS
from hotplate.protocol.read_plan import JoinKey

KEY_VERSION = 3
"""Feast's `entity_key_serialization_version` of this layout."""

KeyFunction: TypeAlias = Callable[[Mapping[str, Any]], bytes]


class UniformKeys(NamedTuple):
    """Keys of equal length that differ in one part: each is `start`, one of `parts`, `end`."""

    start: bytes
    parts: Sequence[bytes]
    end: bytes


_U32 = struct.Struct("<I")
_INT64 = struct.Struct("<IIq")
_INT32 = struct.Struct("<IIi")


def redis_key(join_keys: Sequence[JoinKey], project: str) -> KeyFunction:
    """Return the function from a row to its Redis key; it raises `EntityKeyError`."""
    ordered = sorted(join_keys, key=lambda join_key: join_key.name)
    prefix = key_prefix([join_key.name for join_key in ordered])
    suffix = project.encode()
    parts = [(join_key.name, _packer(join_key)) for join_key in ordered]
    if len(parts) == 1:
        return _single_key(parts[0], prefix, suffix)

    def key(row: Mapping[str, Any]) -> bytes:
        return b"".join((prefix, *(pack(_value(row, name)) for name, pack in parts), suffix))

    return key


def uniform_keys(
    join_keys: Sequence[JoinKey], project: str
) -> Callable[[Sequence[Mapping[str, Any]]], UniformKeys | None]:
    """Return the function from many rows to their keys, made at once.

    The function returns None where the keys are not uniform or a row is invalid; `redis_key` raises
    the error of such a row.
    """
    parts_of = _UNIFORM.get(join_keys[0].dtype) if len(join_keys) == 1 else None
    if parts_of is None:
        return lambda _: None
    (join_key,), name, suffix = join_keys, itemgetter(join_keys[0].name), project.encode()
    head = key_prefix([join_key.name]) + _U32.pack(NUMBERS[join_key.dtype])

    def keys(rows: Sequence[Mapping[str, Any]]) -> UniformKeys | None:
        try:
            parts = parts_of([*map(name, rows)])
        except (KeyError, TypeError, UnicodeEncodeError, struct.error):
            return None
        if len(set(map(len, parts))) != 1:
            return None
        return UniformKeys(head + _U32.pack(len(parts[0])), parts, suffix)

    return keys


def _uniform_integers(values: Sequence[Any]) -> Sequence[bytes]:
    if set(map(type, values)) != {int}:
        raise TypeError("not all values are integers")
    packed = struct.pack(f"<{len(values)}q", *values)
    return [packed[at : at + 8] for at in range(0, len(packed), 8)]


def _uniform_strings(values: Sequence[Any]) -> Sequence[bytes]:
    return [*map(str.encode, values)]


def key_prefix(names: Sequence[str]) -> bytes:
    """Return what all keys of these join keys start with."""
    encoded = [name.encode() for name in sorted(names)]
    heads = [_U32.pack(NUMBERS["STRING"]) + _U32.pack(len(name)) + name for name in encoded]
    return _U32.pack(len(encoded)) + b"".join(heads)


def _single_key(
    part: tuple[str, Callable[[Any], bytes]], prefix: bytes, suffix: bytes
) -> KeyFunction:
    name, pack = part

    def key(row: Mapping[str, Any]) -> bytes:
        try:
            value = row[name]
        except KeyError:
            raise EntityKeyError(f"join key {name!r} is missing") from None
        return prefix + pack(value) + suffix

    return key


def _value(row: Mapping[str, Any], name: str) -> Any:
    try:
        return row[name]
    except KeyError:
        raise EntityKeyError(f"join key {name!r} is missing") from None


def _packer(join_key: JoinKey) -> Callable[[Any], bytes]:
    try:
        return _PACKERS[join_key.dtype](join_key.name)
    except KeyError:
        raise EntityKeyError(
            f"join key {join_key.name!r} is {join_key.dtype}; Feast has keys of {list(_PACKERS)}"
        ) from None


def _integers(dtype: str, layout: struct.Struct) -> Callable[[str], Callable[[Any], bytes]]:
    number, size = NUMBERS[dtype], layout.size - 8

    def packer(name: str) -> Callable[[Any], bytes]:
        def pack(value: Any) -> bytes:
            if type(value) is not int and not _is_integer(value):
                raise _unexpected(name, dtype, value)
            try:
                return layout.pack(number, size, value)
            except struct.error:
                raise _unexpected(name, dtype, value) from None

        return pack

    return packer


def _is_integer(value: Any) -> bool:
    """Return whether the value is an integer of another type, such as numpy's; a bool is not."""
    return hasattr(value, "__index__") and not isinstance(value, bool)


def _strings(name: str) -> Callable[[Any], bytes]:
    head = _U32.pack(NUMBERS["STRING"])

    def pack(value: Any) -> bytes:
        if not isinstance(value, str):
            raise _unexpected(name, "STRING", value)
        data = _utf8(name, value)
        return head + _U32.pack(len(data)) + data

    return pack


def _utf8(name: str, value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise _unexpected(name, "STRING", value) from None


def _bytes(name: str) -> Callable[[Any], bytes]:
    head = _U32.pack(NUMBERS["BYTES"])

    def pack(value: Any) -> bytes:
        if not isinstance(value, bytes):
            raise _unexpected(name, "BYTES", value)
        return head + _U32.pack(len(value)) + value

    return pack


def _timestamps(name: str) -> Callable[[Any], bytes]:
    seconds = _integers("UNIX_TIMESTAMP", _INT64)(name)

    def pack(value: Any) -> bytes:
        if isinstance(value, datetime):
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return seconds(int(aware.timestamp()))
        return seconds(value)

    return pack


def _unexpected(name: str, dtype: str, value: Any) -> EntityKeyError:
    """Name the type found, never the value: join keys are personal data."""
    found = type(value).__name__
    return EntityKeyError(f"join key {name!r}: expected a value of {dtype}, got {found}")


_PACKERS: dict[str, Callable[[str], Callable[[Any], bytes]]] = {
    "INT64": _integers("INT64", _INT64),
    "INT32": _integers("INT32", _INT32),
    "STRING": _strings,
    "BYTES": _bytes,
    "UNIX_TIMESTAMP": _timestamps,
}

_UNIFORM = {"INT64": _uniform_integers, "STRING": _uniform_strings}
