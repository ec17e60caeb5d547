"""Rows of a view, made by their types, where there is no table to look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from hotplate.local.errors import LocalError
from hotplate.protocol.read_plan import ViewPlan

TIMESTAMP = "event_timestamp"
LIST_LENGTH = 8
_LARGEST = 1_000_000

Column: TypeAlias = Any  # a pyarrow Array; its stubs know no array of any type

Make: TypeAlias = Callable[[np.random.Generator, int, int], Any]
"""Values of a type: a source of chance, how many, and the bytes of a string."""


def made_rows(view: ViewPlan, rows: int, string_bytes: int) -> pa.Table:
    """Return rows of as many entities: integers up to a million, strings of so many bytes.

    Raises:
        LocalError: a feature has a type that no rows are made of.

    """
    chance = np.random.default_rng(0)
    columns = {key.name: _keys(key.dtype, rows, string_bytes) for key in view.join_keys}
    for feature in view.features:
        where = f"feature view {view.name}, feature {feature.name}"
        columns[feature.name] = _column(where, feature.dtype)(chance, rows, string_bytes)
    return pa.table({**columns, TIMESTAMP: _moments(chance, rows, string_bytes)})


def _keys(dtype: str, rows: int, string_bytes: int) -> Column:
    if dtype in ("INT32", "INT64"):
        return pa.array(range(rows), pa.int64())
    return pa.array([f"{number:0{string_bytes}}" for number in range(rows)])


def _column(where: str, dtype: str) -> Make:
    scalar, _, collection = dtype.rpartition("_")
    if dtype in _MAKERS:
        return _MAKERS[dtype]
    if collection in ("LIST", "SET") and scalar in _MAKERS:
        return lambda *given: _lists(_MAKERS[scalar], *given)
    raise LocalError(f"{where}: no rows can be made of type {dtype}: name a file as its source")


def _lists(make: Make, chance: np.random.Generator, rows: int, string_bytes: int) -> Column:
    values: Column = pa.array(make(chance, rows * LIST_LENGTH, string_bytes))
    return pa.ListArray.from_arrays(list(range(0, len(values) + 1, LIST_LENGTH)), values)


def _moments(chance: np.random.Generator, rows: int, _: int) -> Column:
    """Return moments of the last year, to the microsecond."""
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    micros = now - chance.integers(0, 365 * 86_400 * 1_000_000, rows)
    return pa.array(micros, pa.timestamp("us", tz="UTC"))


def _texts(chance: np.random.Generator, rows: int, string_bytes: int) -> list[str]:
    letters = chance.integers(ord("a"), ord("z") + 1, (rows, string_bytes), np.uint8)
    return [row.tobytes().decode() for row in letters]


_MAKERS: dict[str, Make] = {
    "INT64": lambda chance, rows, _: chance.integers(0, _LARGEST, rows),
    "INT32": lambda chance, rows, _: chance.integers(0, _LARGEST, rows, np.int32),
    "DOUBLE": lambda chance, rows, _: chance.random(rows),
    "FLOAT": lambda chance, rows, _: chance.random(rows, np.float32),
    "BOOL": lambda chance, rows, _: chance.integers(0, 2, rows).astype(bool),
    "STRING": _texts,
    "BYTES": lambda *given: [text.encode() for text in _texts(*given)],
    "UNIX_TIMESTAMP": _moments,
}
