"""Conversions of columns with one value in each row, by Feast value type."""

from __future__ import annotations

import decimal
import uuid
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from hotplate.online.write.refusals import each, refused, unless

Column: TypeAlias = Any  # a pyarrow Array; its stubs know no array of any type
Convert: TypeAlias = Callable[[Column], Column]

_YEAR_1, _YEAR_10000 = -62_135_596_800, 253_402_300_800


def _integers(to: pa.DataType) -> Convert:
    def convert(column: Column) -> Column:
        kind = column.type
        if kinds.is_integer(kind) or kinds.is_boolean(kind):
            whole = column.cast(pa.uint8()) if kinds.is_boolean(kind) else column
            return _in_range(whole, to)
        if kinds.is_floating(kind):
            numbers = column.cast(pa.float64())
            return _in_range(pc.trunc(pc.if_else(pc.is_nan(numbers), None, numbers)), to)
        if is_text(kind) or kinds.is_decimal(kind):
            return _in_range(each(column, _int64, pa.int64()), to)
        raise refused(column, "write whole numbers, or declare another type")

    return convert


def _int64(value: Any) -> int:
    number = int(value)
    if not -(2**63) <= number < 2**63:
        raise ValueError("out of range")
    return number


def _in_range(column: Column, to: pa.DataType) -> Column:
    if column.type == to:
        return column
    wide = column.cast(pa.int64()) if kinds.is_signed_integer(column.type) else column
    bits = to.bit_width - 1
    if kinds.is_floating(wide.type):
        fits = (wide.to_numpy(zero_copy_only=False) < 2.0**bits) & (
            wide.to_numpy(zero_copy_only=False) >= -(2.0**bits)
        )
        fits = pa.array(fits)
    elif kinds.is_unsigned_integer(wide.type):
        fits = pc.less(wide.cast(pa.uint64()), pa.scalar(2**bits, pa.uint64()))
    else:
        low, high = pa.scalar(-(2**bits), pa.int64()), pa.scalar(2**bits - 1, pa.int64())
        fits = pc.and_(pc.greater_equal(wide, low), pc.less_equal(wide, high))
    unless(fits, column, "the numbers are out of range")
    return column.cast(to, safe=False)


def _numbers(to: pa.DataType) -> Convert:
    def convert(column: Column) -> Column:
        kind = column.type
        if kinds.is_floating(kind) or kinds.is_integer(kind):
            return column.cast(to, safe=False)
        if kinds.is_decimal(kind) or (to == pa.float32() and is_text(kind)):
            return each(column, float, pa.float64()).cast(to, safe=False)
        if to == pa.float32() and kinds.is_boolean(kind):
            return column.cast(to)
        raise refused(column, "write numbers, or declare another type")

    return convert


def _texts(column: Column) -> Column:
    kind = column.type
    if is_text(kind):
        return column
    if kinds.is_integer(kind):
        return column.cast(pa.string())
    if kinds.is_boolean(kind):
        return pc.if_else(column, "True", "False")
    if kinds.is_date(kind):
        return column.cast(pa.date32(), safe=False).cast(pa.string())
    if kinds.is_timestamp(kind) or kinds.is_floating(kind):
        return _as_numpy_writes(column)
    if kinds.is_decimal(kind) or kinds.is_time(kind):
        return each(column, str, pa.string())
    raise refused(column, "declare Bytes or a list, or write text")


def _as_numpy_writes(column: Column) -> Column:
    values = column.to_numpy(zero_copy_only=False)
    missing = column.is_null().to_numpy(zero_copy_only=False)
    if kinds.is_floating(column.type):
        missing |= np.isnan(values)
    return pa.array([*map(str, values)], pa.string(), mask=missing)


def _booleans(column: Column) -> Column:
    kind = column.type
    if kinds.is_boolean(kind):
        return column
    if kinds.is_integer(kind):
        return pc.not_equal(column, pa.scalar(0, kind))
    if kinds.is_floating(kind):
        numbers = pc.if_else(pc.is_nan(column), None, column)
        unless(pc.is_in(numbers, pa.array([0, 1, None], kind)), column, "expected 0 or 1")
        return pc.not_equal(numbers, pa.scalar(0, kind))
    raise refused(column, "write booleans, or declare another type")


def _bytes(column: Column) -> Column:
    if not is_binary(column.type):
        raise refused(column, "write binary values, or declare another type")
    return column


def _times(column: Column) -> Column:
    kind = column.type
    if kinds.is_timestamp(kind):
        seconds = pc.floor_temporal(column, unit="second").cast(pa.timestamp("s")).cast(pa.int64())
    elif kinds.is_date(kind):
        seconds = column.cast(pa.date32(), safe=False).cast(pa.timestamp("s")).cast(pa.int64())
    elif kinds.is_integer(kind):
        seconds = _in_range(column, pa.int64())
    elif is_text(kind) or kinds.is_decimal(kind):
        seconds = each(column, _int64, pa.int64())
    else:
        raise refused(column, "write timestamps, dates or whole seconds")
    in_calendar = pc.and_(
        pc.greater_equal(seconds, pa.scalar(_YEAR_1)), pc.less(seconds, pa.scalar(_YEAR_10000))
    )
    unless(in_calendar, column, "expected seconds within the years 1 to 9999")
    return seconds.cast(pa.timestamp("s"))


def is_text(kind: pa.DataType) -> bool:
    """Whether the type is text."""
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind))


def is_binary(kind: pa.DataType) -> bool:
    """Whether the type is bytes of any length."""
    return bool(kinds.is_binary(kind) or kinds.is_large_binary(kind))


def _checked(parse: Callable[[str], Any], fits: Callable[[pa.DataType], bool]) -> Convert:
    """Return the conversion that refuses text which readers could not parse."""

    def read(value: str) -> str:
        parse(value)
        return value

    def convert(column: Column) -> Column:
        if is_text(column.type):
            return each(column, read, pa.string())
        if fits(column.type):
            return column
        raise refused(column, "write text")

    return convert


SCALARS: dict[str, Convert] = {
    "INT64": _integers(pa.int64()),
    "INT32": _integers(pa.int32()),
    "DOUBLE": _numbers(pa.float64()),
    "FLOAT": _numbers(pa.float32()),
    "STRING": _texts,
    "BYTES": _bytes,
    "PDF_BYTES": _bytes,
    "IMAGE_BYTES": _bytes,
    "BOOL": _booleans,
    "UNIX_TIMESTAMP": _times,
    "UUID": _checked(uuid.UUID, kinds.is_null),
    "TIME_UUID": _checked(uuid.UUID, kinds.is_null),
    "DECIMAL": _checked(decimal.Decimal, kinds.is_decimal),
}
"""What converts a column, by the declared type; all but these are Feast's to convert."""
