"""Feast value types by name: their numbers, and a decoder for a feature of each type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hotplate.online.errors import MalformedValue
from hotplate.online.layout.protobuf import (
    BYTES,
    FIXED64,
    VARINT,
    only_double,
    short_text,
    small_varint,
)
from hotplate.online.layout.values import decode_field
from hotplate.protocol.read_plan import ReadPlanError

NUMBERS = {
    "BYTES": 1,
    "STRING": 2,
    "INT32": 3,
    "INT64": 4,
    "DOUBLE": 5,
    "FLOAT": 6,
    "BOOL": 7,
    "UNIX_TIMESTAMP": 8,
    "BYTES_LIST": 11,
    "STRING_LIST": 12,
    "INT32_LIST": 13,
    "INT64_LIST": 14,
    "DOUBLE_LIST": 15,
    "FLOAT_LIST": 16,
    "BOOL_LIST": 17,
    "UNIX_TIMESTAMP_LIST": 18,
    "NULL": 19,
    "MAP": 20,
    "MAP_LIST": 21,
    "BYTES_SET": 22,
    "STRING_SET": 23,
    "INT32_SET": 24,
    "INT64_SET": 25,
    "DOUBLE_SET": 26,
    "FLOAT_SET": 27,
    "BOOL_SET": 28,
    "UNIX_TIMESTAMP_SET": 29,
    "JSON": 32,
    "JSON_LIST": 33,
    "STRUCT": 34,
    "STRUCT_LIST": 35,
    "UUID": 36,
    "TIME_UUID": 37,
    "UUID_LIST": 38,
    "TIME_UUID_LIST": 39,
    "UUID_SET": 40,
    "TIME_UUID_SET": 41,
    "VALUE_LIST": 42,
    "VALUE_SET": 43,
    "DECIMAL": 44,
    "DECIMAL_LIST": 45,
    "DECIMAL_SET": 46,
    "SCALAR_MAP": 47,
    "ZONED_TIMESTAMP": 48,
}

_NAMES = {number: name for name, number in NUMBERS.items()}
_STORED_AS = {"PDF_BYTES": "BYTES", "IMAGE_BYTES": "BYTES"}
"""Value types that Feast stores as another."""
_WIDENED = {"INT64": {"INT32"}, "DOUBLE": {"FLOAT"}}
_MOST_KEPT = 1_000
_LONGEST_KEPT = 64
STRING_TAG = NUMBERS["STRING"] << 3 | BYTES
INT64_TAG = NUMBERS["INT64"] << 3 | VARINT
DOUBLE_TAG = NUMBERS["DOUBLE"] << 3 | FIXED64
_PLAIN: dict[str, tuple[int | None, Callable[[bytes], Any]]] = {
    "STRING": (STRING_TAG, short_text),
    "INT64": (INT64_TAG, small_varint),
    "DOUBLE": (DOUBLE_TAG, only_double),
}
"""By common type: its tag, and a fast decoder that returns None for what it cannot decode."""
_KEPT_TYPES = (int, float, str, bytes)


class Decoder(dict[bytes | None, Any]):
    """Decodes the stored values of one type: `decoder[data]`, None for a null or a missing field.

    The dict keeps the immutable values that it has decoded: most features repeat their values, and
    a look-up takes a tenth of the time of decoding. The limit keeps the dict within a processor's
    cache; larger ones were slower than decoding.
    """

    def __init__(self, dtype: str) -> None:
        super().__init__({None: None, b"": None})
        self._dtype = dtype
        self.tag, self._plain = _PLAIN.get(dtype, (None, decode_field))
        self._accepted = {NUMBERS[name] for name in {dtype, *_WIDENED.get(dtype, ())}} | {19}

    @property
    def is_full(self) -> bool:
        """Whether the dict holds as many values as it keeps."""
        return len(self) >= _MOST_KEPT

    def __missing__(self, data: bytes) -> Any:
        value = self._plain(data) if data[0] == self.tag else None
        if value is None:
            value = self._decoded(data)
        if len(self) < _MOST_KEPT and isinstance(value, _KEPT_TYPES) and len(data) <= _LONGEST_KEPT:
            self[data] = value
        return value

    def _decoded(self, data: bytes) -> Any:
        number, value = decode_field(data)
        if number not in self._accepted:
            raise MalformedValue(f"expected {self._dtype}, found {_NAMES[number]}")
        return value


class _Int64Decoder(Decoder):
    """Decodes numbers from 128 to 2,097,151 inline: there are too many of them to keep."""

    def __missing__(self, data: bytes) -> Any:
        size = len(data)
        if size == 4:
            tag, low, middle, high = data
            if tag == INT64_TAG and low & middle > 0x7F > high:
                return low + (middle << 7) + (high << 14) - 0x4080
        elif size == 3:
            tag, low, high = data
            if tag == INT64_TAG and low > 0x7F > high:
                return low + (high << 7) - 0x80
        return super().__missing__(data)


def decoder(dtype: str) -> Decoder:
    """Return a decoder of the values of that type; raise `ReadPlanError` for an unknown type."""
    dtype = _STORED_AS.get(dtype, dtype)
    if dtype not in NUMBERS:
        raise ReadPlanError(f"{dtype} is no value type that can be read: declare another")
    return _Int64Decoder(dtype) if dtype == "INT64" else Decoder(dtype)
