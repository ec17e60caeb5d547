"""One type for each column of a data source, whatever its files look like. No I/O.

Types of several files are widened. Where they cannot be, as text and numbers, each file's values
become the declared type. Numbers under a STRING feature are spelled alike then: a file of floats
among files of integers is one in which a value was missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from hotplate.online.write.conversion import converted
from hotplate.online.write.refusals import ConversionError

_MOST_EXACT = 2.0**53
"""Whole floats below this are the integers that they were made from."""


class TypesDifferError(Exception):
    """No type holds the values of a column in all files."""


@dataclass(frozen=True)
class ColumnType:
    """The Arrow type of a column, or else the declared type that its values become."""

    name: str
    kind: pa.DataType | None
    dtype: str | None = None

    def of(self, column: Any) -> Any:
        """Return a file's column in this type; raise `ConversionError`."""
        if kinds.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if self.kind is None:
            return self._as_declared(column)
        if kinds.is_null(column.type):
            return column.cast(self.kind)
        return column if column.type == self.kind else column.cast(self.kind, safe=False)

    def _as_declared(self, column: Any) -> Any:
        dtype = self.dtype or ""
        if dtype == "STRING" and kinds.is_floating(column.type):
            return _spelled_as_integers(column)
        try:
            return converted(column, dtype)
        except ConversionError as error:
            raise ConversionError(f"column {self.name}: {error}") from None


def column_type(name: str, types: Iterable[pa.DataType], dtype: str | None) -> ColumnType:
    """Return the type of a column that has these types in its files; None is a time's dtype.

    Raises:
        TypesDifferError: no type holds the values of all files.

    """
    known = {
        kind.value_type if kinds.is_dictionary(kind) else kind
        for kind in types
        if not kinds.is_null(kind)
    }
    if len(known) < 2:
        return ColumnType(name, next(iter(known), pa.null()), dtype)
    wide = _widened(known, dtype)
    if wide is None and dtype is None:
        shown = ", ".join(sorted(map(str, known)))
        raise TypesDifferError(f"column {name} is {shown} in different files: write one type")
    return ColumnType(name, wide, dtype)


def _widened(known: set[pa.DataType], dtype: str | None) -> pa.DataType | None:
    """Return a type that holds the values of all, None if each file must be converted."""
    if all(kinds.is_timestamp(kind) or kinds.is_date(kind) for kind in known):
        has_zone = any(getattr(kind, "tz", None) for kind in known)
        return pa.timestamp("us", "UTC" if has_zone else None)
    if all(kinds.is_integer(kind) for kind in known):
        return None if pa.uint64() in known and dtype else pa.int64()
    if any(kinds.is_integer(kind) for kind in known) and dtype not in {"DOUBLE", "FLOAT"}:
        return None
    try:
        schemas = [pa.schema([("column", kind)]) for kind in known]
        wide: pa.DataType = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None
    return wide


def _spelled_as_integers(column: Any) -> Any:
    numbers = column.cast(pa.float64())
    numbers = pc.if_else(pc.is_nan(numbers), None, numbers)
    whole = pc.and_(
        pc.equal(pc.trunc(numbers), numbers), pc.less(pc.abs(numbers), pa.scalar(_MOST_EXACT))
    )
    integers = pc.if_else(whole, numbers, None).cast(pa.int64()).cast(pa.string())
    return pc.if_else(whole, integers, converted(numbers, "STRING"))
