"""Finds the latest row of each entity from batches of keys and times. No I/O.

Memory grows with entities, not rows: whenever as many new rows have arrived as were kept, only the
latest row of each entity is retained. Ties on event time go to the row created last, where a null
counts as the earliest, then to the row read last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Array: TypeAlias = Any  # numpy's; pyarrow's stubs know no column of any type

ROW = "__row"
"""The column with the rows' numbers."""

_LEAST_ROWS = 1_000_000
"""Rows collected, at the least, before older ones are dropped."""
_FIRST = np.iinfo(np.int64).min


class Latest:
    """Takes batches of key columns and of `times`, integer columns in order of precedence."""

    def __init__(self, keys: Sequence[str], times: Sequence[str]) -> None:
        self._keys, self._times = keys, times
        self._kept: list[pa.Table] = []
        self._pending = self._limit = 0

    def add(self, batch: pa.Table) -> None:
        """Take rows; their numbers, in the column `ROW`, are higher than all before."""
        if not batch.num_rows:
            return
        self._kept.append(batch)
        self._pending += batch.num_rows
        if self._pending >= max(self._limit, _LEAST_ROWS):
            self._reduce()

    def rows(self) -> tuple[Array, Array]:
        """Return the numbers of the latest rows, ascending, and their event times."""
        if not self._kept:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        self._reduce()
        (table,) = self._kept
        return table[ROW].to_numpy(), table[self._times[0]].to_numpy()

    def _reduce(self) -> None:
        table = pa.concat_tables(self._kept)
        latest = _latest(_codes(table, self._keys), [numbers(table[name]) for name in self._times])
        self._kept = [table if len(latest) == table.num_rows else table.take(latest)]
        self._limit, self._pending = len(latest), 0


def _codes(table: pa.Table, keys: Sequence[str]) -> Array:
    """Return a number for each row, the same for the same entity; no keys are one entity."""
    if not keys:
        return np.zeros(table.num_rows, np.int64)
    first, *others = (_encoded(table[key]) for key in keys)
    codes: Array = first
    for other in others:
        codes = _encoded(pa.chunked_array([codes * (int(other.max()) + 1) + other]))
    return codes


def _encoded(column: Any) -> Array:
    """Return the index of each value among the distinct values, null included."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    chunks = column.dictionary_encode(null_encoding="encode").chunks
    return np.concatenate([chunk.indices.to_numpy() for chunk in chunks]).astype(np.int64)


def numbers(column: Any) -> Array:
    """Return times as integers; a null is the earliest."""
    return pc.fill_null(column, _FIRST).to_numpy()


def _latest(codes: Array, times: Sequence[Array]) -> Array:
    """Return the index of the latest row of each code, ascending."""
    ascending = np.lexsort([*reversed(times)])
    latest = np.full(len(codes), -1)
    latest[codes[ascending]] = ascending
    return np.sort(latest[latest >= 0])
