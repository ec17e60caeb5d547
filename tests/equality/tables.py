"""Parquet files of a case, from columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from equality.case import NOW, Write

UTC_MICROS = pa.timestamp("us", "UTC")


def times(moments: Sequence[datetime | None], kind: pa.DataType = UTC_MICROS) -> pa.Array:
    return pa.array(moments, kind)


def table(columns: Mapping[str, Any], **when: Any) -> pa.Table:
    """Return the columns as a table; rows without an event time have `NOW`."""
    columns = {**columns, **when}
    if "event_timestamp" not in columns:
        rows = len(next(iter(columns.values())))
        columns["event_timestamp"] = times([NOW] * rows)
    return pa.table(columns)


def file(columns: Mapping[str, Any], path: str = "v.parquet") -> Write:
    """Return the function that writes the columns to one file."""
    return files({path: columns})


def files(tables: Mapping[str, Mapping[str, Any]]) -> Write:
    """Return the function that writes the tables to their paths."""

    def write(folder: Path) -> None:
        for path, columns in tables.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(table(columns), folder / path)

    return write
