"""Columns of stored values, decoded by numpy for all rows of all columns at once.

Each value is laid out in sixteen bytes: its length and its first fifteen bytes, padded with zeros.
In these two words of eight bytes, the bits that determine the form of a value (its length, its tag,
the continuation bits of a varint) are compared with those that a value of that length must have. A
column with any value outside the fast path is returned as None and decoded value by value.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np

from hotplate.online.layout.dtypes import DOUBLE_TAG, INT64_TAG, STRING_TAG
from hotplate.online.layout.timestamps import SECONDS_TAG

Column: TypeAlias = Sequence[Any]
Words: TypeAlias = Any  # numpy's arrays of unsigned words

_NO_FORM = 2**64 - 1
"""The form of no value: no value has such a length."""
_NANOS_TAG = 0x10
_SECONDS_END = 6
"""A tag and the five bytes of any seconds from 1978 to 3058."""
_NANOS = 1_000_000_000
_TEXT_LENGTHS = bytes(n - 2 if 2 <= n < 130 else 0xFF for n in range(256))
"""By length of a stored string: its length byte; 0xFF does not occur in UTF-8."""


def integers(columns: Sequence[Column]) -> list[list[int] | None]:
    """Return the numbers below 2**56 of columns of stored INT64."""
    lengths, first, second = _words(columns)
    plain = _INTEGERS.are(lengths, first, second)
    numbers = _folded(first >> _16)
    if second.any():
        numbers |= _folded(second) << _42
    return _each(numbers, plain)


def doubles(columns: Sequence[Column]) -> list[list[float] | None]:
    """Return the floats of columns of stored DOUBLE."""
    lengths, first, second = _words(columns)
    plain = _DOUBLES.are(lengths, first, second)
    return _each(((first >> _16) | (second << _48)).view("<f8"), plain)


def event_times(columns: Sequence[Column]) -> list[list[float] | None]:
    """Return the epoch seconds of columns of serialized `google.protobuf.Timestamp`."""
    lengths, first, second = _words(columns)
    plain = _TIMES.are(lengths, first, second)
    seconds = _folded(first >> _16 & _FIVE_BYTES).astype(np.float64)
    if second.any():
        nanos = _folded(second)
        plain &= nanos < _NANOS
        seconds += nanos / _NANOS
    return _each(seconds, plain)


def texts(column: Column) -> list[str] | None:
    """Return the strings below 128 bytes of a column of stored STRING."""
    try:
        lengths = bytes(map(itemgetter(1), column))
        if lengths != bytes(map(len, column)).translate(_TEXT_LENGTHS):
            return None
        if column and set(map(itemgetter(0), column)) != {STRING_TAG}:
            return None
        return [text[2:] for text in map(bytes.decode, column)]
    except (TypeError, IndexError, ValueError):
        return None


class _Forms:
    """The bits that a value's form must have, by length of the value."""

    def __init__(self, mask: bytes, forms: Mapping[int, bytes]) -> None:
        words = np.full((16, 2), _NO_FORM, "<u8")
        for length, form in forms.items():
            words[length] = np.frombuffer(bytes([length]) + form.ljust(15, b"\0"), "<u8")
        self._first, self._second = words.T.copy()
        self._first_mask, self._second_mask = np.frombuffer(mask, "<u8")

    def are(self, lengths: Any, first: Words, second: Words) -> Any:
        """Return for each value whether its form is right."""
        is_first: Any = (first & self._first_mask) == self._first.take(lengths)
        return is_first & ((second & self._second_mask) == self._second.take(lengths))


def _varint(length: int) -> bytes:
    """Return the continuation bits of a varint of that length."""
    return b"\x80" * (length - 1) + b"\0"


_INTEGERS = _Forms(
    b"\xff\xff" + b"\x80" * 14,
    {length: bytes([INT64_TAG]) + _varint(length - 1) for length in range(2, 10)},
)
_DOUBLES = _Forms(b"\xff\xff" + bytes(14), {9: bytes([DOUBLE_TAG])})
_SECONDS = bytes([SECONDS_TAG]) + _varint(_SECONDS_END - 1)
_TIMES = _Forms(
    b"\xff\xff" + b"\x80" * 5 + b"\xff" + b"\x80" * 8,
    {_SECONDS_END: _SECONDS}
    | {_SECONDS_END + 1 + n: _SECONDS + bytes([_NANOS_TAG]) + _varint(n) for n in range(1, 6)},
)
_16, _42, _48 = (np.uint64(bits) for bits in (16, 42, 48))
_FIVE_BYTES = np.uint64(2**40 - 1)
_FOLDS = tuple(
    (np.uint64(low), np.uint64(high), np.uint64(bits))
    for low, high, bits in (
        (0x007F007F007F007F, 0x7F007F007F007F00, 1),
        (0x00003FFF00003FFF, 0x3FFF00003FFF0000, 2),
        (0x000000000FFFFFFF, 0x0FFFFFFF00000000, 4),
    )
)
"""Steps that join neighbouring groups of 7 bits to 14, to 28, to 56."""


@lru_cache(maxsize=64)
def _layout(rows: int) -> struct.Struct:
    return struct.Struct("16p" * rows)


def _packed(column: Column) -> bytes:
    try:
        return _layout(len(column)).pack(*column)
    except struct.error:
        return bytes(16 * len(column))


def _words(columns: Sequence[Column]) -> tuple[Any, Words, Words]:
    """Return the lengths, up to 15, and both words of all values: a row for each column."""
    data = b"".join(map(_packed, columns))
    words, shape = np.frombuffer(data, "<u8"), (len(columns), -1)
    lengths = np.frombuffer(data, np.uint8)[::16].astype(np.intp)
    return lengths.reshape(shape), words[::2].copy().reshape(shape), words[1::2].reshape(shape)


def _folded(groups: Words) -> Words:
    """Return the numbers of varints of up to eight bytes."""
    for low, high, bits in _FOLDS:
        groups = (groups & low) | ((groups & high) >> bits)
    return groups


def _each(numbers: Any, plain: Any) -> list[list[Any] | None]:
    """Return the numbers of each column, None if any value is outside the fast path."""
    pairs = zip(numbers.tolist(), plain.all(axis=1).tolist(), strict=True)
    return [column if is_plain else None for column, is_plain in pairs]
