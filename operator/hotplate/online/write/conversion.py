"""Columns of the offline store as columns of a feature's or join key's declared type.

What becomes of a value depends on the Arrow type of its column and on the Feast value type, never
on the other values of a batch or a file. Results are Feast's, but for what Feast does differently
from batch to batch: integers beside a null stay integers. What Feast turns into nulls or into the
text of Python objects without a word is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from hotplate.online.write.refusals import RefusedError, each, refused
from hotplate.online.write.scalars import SCALARS, Column, Convert, is_binary, is_text


def converted(column: Column, dtype: str) -> Column:
    """Return the column in the Arrow type that stands for a Feast value type.

    Types without one, such as MAP and JSON, are returned as they are: Feast converts them.

    Raises:
        ConversionError: values or the column's type cannot become the value type.

    """
    column = _plain(column)
    convert = SCALARS.get(dtype) or _COLLECTIONS.get(dtype)
    if column.null_count == len(column):
        return pa.nulls(len(column), _NULLS.get(dtype, column.type))
    try:
        return convert(column) if convert else column
    except RefusedError as error:
        raise error.named(dtype) from None


def _plain(column: Column) -> Column:
    """Return categories and views of text as the values that they stand for."""
    kind = column.type
    if kinds.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if kinds.is_string_view(kind):
        return column.cast(pa.large_string())
    if kinds.is_binary_view(kind) or kinds.is_fixed_size_binary(kind):
        return column.cast(pa.large_binary())
    return column


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        kinds.is_list(kind)
        or kinds.is_large_list(kind)
        or kinds.is_fixed_size_list(kind)
        or kinds.is_list_view(kind)
        or kinds.is_large_list_view(kind)
    )


def _list_of(dtype: str) -> Convert:
    """Return the conversion of lists: items as Feast has them, with Feast's values for nulls."""
    fits, null = _ITEMS[dtype]

    def convert(column: Column) -> Column:
        if is_binary(column.type) and dtype in _JSON_ITEMS:
            column = _of_json(column, _JSON_ITEMS[dtype])
        if not _is_list(column.type) or not fits(column.type.value_type):
            raise refused(column, "write lists of that type")
        rows = column.cast(pa.large_list(column.type.value_type))
        items = SCALARS[dtype](_plain(rows.flatten()))
        if items.null_count and null is _REFUSED:
            raise refused(column, f"{items.null_count:,} items are null: leave them out")
        lengths = pc.fill_null(pc.list_value_length(rows), 0).to_numpy()
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())
        filled = pc.fill_null(items, null) if items.null_count and null is not None else items
        return pa.LargeListArray.from_arrays(offsets, filled, mask=rows.is_null())

    return convert


def _of_json(column: Column, item: pa.DataType) -> Column:
    """Return the lists that a binary column holds as JSON, as Redshift's SUPER does."""

    def parsed(value: bytes) -> Any:
        found = json.loads(value)
        return pa.scalar([*map(bool, found)] if item == pa.bool_() else found, pa.list_(item))

    values = each(column, parsed, None)
    return pa.array([value and value.as_py() for value in values], pa.list_(item))


def _sets(column: Column) -> Column:
    if is_binary(column.type) or _is_list(column.type):
        return column
    raise refused(column, "write lists of the set's items")


def _is_number(kind: pa.DataType) -> bool:
    return bool(kinds.is_floating(kind) or kinds.is_integer(kind) or kinds.is_decimal(kind))


def _is_time(kind: pa.DataType) -> bool:
    return bool(kinds.is_timestamp(kind) or kinds.is_date(kind) or kinds.is_integer(kind))


_REFUSED = object()
_ITEMS: dict[str, tuple[Callable[[pa.DataType], bool], Any]] = {
    "INT64": (kinds.is_integer, _REFUSED),
    "INT32": (kinds.is_integer, _REFUSED),
    "DOUBLE": (_is_number, float("nan")),
    "FLOAT": (_is_number, float("nan")),
    "STRING": (is_text, ""),
    "BYTES": (is_binary, b""),
    "BOOL": (kinds.is_boolean, False),
    "UNIX_TIMESTAMP": (_is_time, None),
}
"""By type of a list's items: the Arrow types that fit, and what stands for a null."""
_COLLECTIONS: dict[str, Convert] = {
    **{f"{item}_LIST": _list_of(item) for item in _ITEMS},
    **{f"{item}_SET": _sets for item in (*_ITEMS, "UUID", "TIME_UUID", "DECIMAL")},
    **{f"{item}_LIST": _sets for item in ("UUID", "TIME_UUID", "DECIMAL")},
}
_JSON_ITEMS: dict[str, pa.DataType] = {
    "INT64": pa.int64(),
    "INT32": pa.int64(),
    "DOUBLE": pa.float64(),
    "FLOAT": pa.float64(),
    "STRING": pa.string(),
    "BOOL": pa.bool_(),
    "UNIX_TIMESTAMP": pa.int64(),
}
"""By type of a list's items: the Arrow type of the items of a list that is written as JSON."""
_NULLS: dict[str, pa.DataType] = {
    "INT64": pa.int64(),
    "INT32": pa.int32(),
    "DOUBLE": pa.float64(),
    "FLOAT": pa.float32(),
    "STRING": pa.string(),
    "BYTES": pa.binary(),
    "PDF_BYTES": pa.binary(),
    "IMAGE_BYTES": pa.binary(),
    "BOOL": pa.bool_(),
    "UNIX_TIMESTAMP": pa.timestamp("s"),
}
"""The Arrow types of columns of nulls."""
