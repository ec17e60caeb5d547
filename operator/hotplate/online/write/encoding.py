"""Arrow columns as Feast's serialized values in bulk strings: the same bytes that Feast writes.

Columns are converted to the declared type first. Common types are encoded here, others by Feast
itself. As in Feast, a null is stored as no bytes, a NaN is a null, and a null timestamp has a value
of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hotplate.online.connection.resp import bulk
from hotplate.online.layout.dtypes import decoder
from hotplate.online.layout.timestamps import serialized, varint
from hotplate.online.layout.values import NULL_TIMESTAMP
from hotplate.online.write.conversion import converted
from hotplate.online.write.refusals import refused_each

Column: TypeAlias = Any  # a pyarrow Array; its stubs know no array of any type
Bulks: TypeAlias = list[bytes]

NULL = bulk(b"")
_MOST_KEPT = 50_000
_VARINT_SHIFTS = np.arange(0, 70, 7, dtype=np.uint64)
_VARINT_LIMITS = np.left_shift(np.uint64(1), _VARINT_SHIFTS[1:])
"""The smallest numbers of two to ten bytes."""


def bulks(column: Column, dtype: str) -> Bulks:
    """Return the bulk string of each value of a feature's column; raise `ConversionError`."""
    column = converted(column, dtype)
    if column.null_count == len(column) and dtype != "UNIX_TIMESTAMP":
        return [NULL] * len(column)
    return _ENCODERS.get(dtype, _by_feast)(column, dtype)


def as_served(column: Column, dtype: str) -> list[Any]:
    """Return the values of a feature's column as readers return them once they are written."""
    read = decoder(dtype)
    return [read[data[data.index(b"\n") + 1 : -2]] for data in bulks(column, dtype)]


def key_values(column: Column, dtype: str) -> list[Any]:
    """Return the Python values of a join key's column in the key's declared type."""
    return _python_values(converted(column, dtype))


def event_times(column: Column) -> Bulks:
    """Return each event time as a serialized `google.protobuf.Timestamp`, to the microsecond.

    Raises `ValueError` for a null: rows are compared by their event times.
    """
    if column.null_count:
        raise ValueError(f"{column.null_count} rows have no event time")
    if not pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us"))
    micros: Column = pc.cast(column, pa.timestamp("us", column.type.tz), safe=False).cast(
        pa.int64()
    )
    memo = _Memo(lambda value: bulk(serialized(value)))
    return [memo[value] for value in micros.to_numpy().tolist()]


class _Memo(dict[Any, bytes]):
    """Encodes a value once and keeps the bytes: most columns repeat their values."""

    def __init__(self, encode: Callable[[Any], bytes]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, value: Any) -> bytes:
        data = self._encode(value)
        if len(self) < _MOST_KEPT:
            self[value] = data
        return data


def _integers(column: Column, dtype: str) -> Bulks:
    numbers: Column = pc.fill_null(column.cast(pa.int64()), 0)
    framed = _varints(b"\x18" if dtype == "INT32" else b"\x20", numbers.to_numpy())
    for at in np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False)).tolist():
        framed[at] = NULL
    return framed


def _varints(tag: bytes, numbers: np.ndarray[Any, np.dtype[np.int64]]) -> Bulks:
    """Frame numbers as varints after a tag of one byte: those of one length as a byte matrix."""
    unsigned = numbers.view(np.uint64)
    sizes = 1 + np.searchsorted(_VARINT_LIMITS, unsigned, side="right")
    framed = np.empty(len(numbers), dtype=object)
    for size in np.unique(sizes).tolist():
        here = np.flatnonzero(sizes == size)
        head = b"$%d\r\n%b" % (1 + size, tag)
        frames = np.empty((len(here), len(head) + size + 2), dtype=np.uint8)
        frames[:, : len(head)] = np.frombuffer(head, dtype=np.uint8)
        digits = unsigned[here, None] >> _VARINT_SHIFTS[:size] & np.uint64(0x7F)
        digits[:, :-1] |= np.uint64(0x80)
        frames[:, len(head) : -2] = digits
        frames[:, -2:] = (13, 10)
        framed[here] = frames.view(f"S{frames.shape[1]}").ravel().astype(object)
    bulks: Bulks = framed.tolist()
    return bulks


def _booleans(column: Column, _: str) -> Bulks:
    memo = {None: NULL, True: bulk(b"\x38\x01"), False: bulk(b"\x38\x00")}
    return [memo[value] for value in column.to_pylist()]


def _texts(column: Column, dtype: str) -> Bulks:
    tag = b"\x12" if dtype == "STRING" else b"\x0a"
    binary = column.cast(pa.large_binary())
    memo = _Memo(lambda value: bulk(tag + varint(len(value)) + value))
    memo[None] = NULL
    return [memo[value] for value in binary.to_pylist()]


def _timestamps(column: Column, _: str) -> Bulks:
    filled = pc.fill_null(column.cast(pa.int64()), NULL_TIMESTAMP)
    memo = _Memo(lambda value: bulk(b"\x40" + varint(value)))
    return [memo[value] for value in filled.to_numpy().tolist()]


def _doubles(column: Column, _: str) -> Bulks:
    return _fixed(column, b"$9\r\n\x29", "<f8")


def _floats(column: Column, _: str) -> Bulks:
    return _fixed(column, b"$5\r\n\x35", "<f4")


def _fixed(column: Column, head: bytes, layout: str) -> Bulks:
    """Frame numbers of one width as the rows of a byte matrix; a NaN is a null."""
    numbers = pc.fill_null(column.cast(pa.float64(), safe=False), float("nan"))
    values = numbers.to_numpy(zero_copy_only=False).astype(layout)
    size = values.dtype.itemsize
    frames = np.empty((len(values), len(head) + size + 2), dtype=np.uint8)
    frames[:, : len(head)] = np.frombuffer(head, dtype=np.uint8)
    frames[:, len(head) : -2] = values.view(np.uint8).reshape(len(values), size)
    frames[:, -2:] = (13, 10)
    framed: Bulks = frames.view(f"S{frames.shape[1]}").ravel().tolist()
    for at in np.flatnonzero(np.isnan(values)).tolist():
        framed[at] = NULL
    return framed


def _python_values(column: Column) -> list[Any]:
    """Return the values of a column; numpy is faster for integers without a null."""
    plain = pa.types.is_integer(column.type) and not column.null_count
    values: list[Any] = column.to_numpy().tolist() if plain else column.to_pylist()
    return values


def _by_feast(column: Column, dtype: str) -> Bulks:
    """Encode by Feast: types that are rare."""
    from feast.type_map import python_values_to_proto_values  # noqa: PLC0415 - takes seconds
    from feast.value_type import ValueType  # noqa: PLC0415

    def protos(values: Any) -> list[Any]:
        found: list[Any] = python_values_to_proto_values(values, ValueType[dtype])
        return found

    values = column.to_numpy(zero_copy_only=False)
    try:
        encoded = protos(values)
    except Exception as error:
        raise refused_each(column, lambda at: protos(values[at : at + 1]), error).named(
            dtype
        ) from error
    return [bulk(proto.SerializeToString(deterministic=True)) for proto in encoded]


_ENCODERS: dict[str, Callable[[Column, str], Bulks]] = {
    "INT64": _integers,
    "INT32": _integers,
    "DOUBLE": _doubles,
    "FLOAT": _floats,
    "BOOL": _booleans,
    "STRING": _texts,
    "BYTES": _texts,
    "PDF_BYTES": _texts,
    "IMAGE_BYTES": _texts,
    "UNIX_TIMESTAMP": _timestamps,
}
