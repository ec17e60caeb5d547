"""Which rows of a batch are written: those with all join keys, and no event time in the future."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hotplate.online.layout.timestamps import MOST_AHEAD_SECONDS
from hotplate.online.write.conversion import converted
from hotplate.online.write.refusals import ConversionError
from hotplate.protocol.read_plan import ViewPlan


@dataclass(frozen=True)
class Accepted:
    """The rows to write, and how many were left out: without a join key, or ahead of now.

    `newest` is the latest event time of the rows to write.
    """

    rows: pa.RecordBatch
    newest: datetime | None
    null_keys: int = 0
    ahead: int = 0


def latest_accepted() -> int:
    """Return the latest event time that is accepted now, in epoch seconds."""
    return int(time.time()) + MOST_AHEAD_SECONDS


def accepted(batch: pa.RecordBatch, view: ViewPlan, timestamp_field: str) -> Accepted:
    """Return the rows that can be written, their join keys in the declared types.

    Raises:
        ConversionError: join keys cannot become their declared type.

    """
    has_keys: Any = pa.scalar(True)
    for key in view.join_keys:
        column = batch.column(key.name)
        try:
            column = converted(column, key.dtype)
        except ConversionError as error:
            raise ConversionError(f"join key {key.name}: {error}") from None
        batch = batch.set_column(batch.schema.get_field_index(key.name), key.name, column)
        has_keys = pc.and_(has_keys, column.is_valid())
    in_time = _in_time(batch.column(timestamp_field))
    null_keys = batch.num_rows - _true(has_keys, batch.num_rows)
    ahead = batch.num_rows - _true(pc.or_(in_time, pc.invert(has_keys)), batch.num_rows)
    if null_keys or ahead:
        batch = batch.filter(pc.and_(has_keys, in_time))
    return Accepted(batch, _newest(batch.column(timestamp_field)), null_keys, ahead)


def _newest(times: Any) -> datetime | None:
    times = _as_times(times)
    newest: datetime | None
    newest = pc.max(times.cast(pa.timestamp("us", times.type.tz), safe=False)).as_py()
    return newest and newest.replace(tzinfo=newest.tzinfo or UTC).astimezone(UTC)


def _as_times(times: Any) -> Any:
    return times if pa.types.is_timestamp(times.type) else times.cast(pa.timestamp("us"))


def _in_time(times: Any) -> Any:
    times = _as_times(times)
    limit = pa.scalar(latest_accepted(), pa.timestamp("s")).cast(pa.timestamp("s", times.type.tz))
    return pc.fill_null(pc.less_equal(times, limit), True)


def _true(condition: Any, rows: int) -> int:
    if isinstance(condition, pa.Scalar):
        return rows if condition.as_py() else 0
    return int(pc.sum(condition).as_py() or 0)
