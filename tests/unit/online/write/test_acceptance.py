"""Rows without a join key and rows of the future are left out, each counted once."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from hotplate.online.write.acceptance import accepted
from hotplate.online.write.refusals import ConversionError
from hotplate.protocol.read_plan import FeaturePlan, JoinKey, ViewPlan

VIEW = ViewPlan(
    "v", (JoinKey("user", "INT64"), JoinKey("shop", "STRING")), (FeaturePlan("i", "INT64"),)
)
UNITS = [pa.timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC")]


def now() -> datetime:
    return datetime.fromtimestamp(int(time.time()), UTC)


def batch(
    users: list[object], shops: list[object], moments: list[datetime], unit: pa.DataType
) -> pa.RecordBatch:
    times = pa.array(moments, pa.timestamp("us")).cast(unit)
    columns = {"user": users, "shop": shops, "i": [1] * len(users), "at": times}
    return pa.RecordBatch.from_pydict(columns)


@pytest.mark.parametrize("unit", UNITS)
def test_rows_are_left_out_for_one_reason_each(unit: pa.DataType) -> None:
    here = now()
    ahead, soon = here + timedelta(minutes=6), here + timedelta(minutes=4)
    found = accepted(
        batch(
            ["1", "2", None, "4", "5", None],
            [7, None, 7, 7, 7, None],
            [here, here, ahead, ahead, soon, here],
            unit,
        ),
        VIEW,
        "at",
    )
    assert (found.null_keys, found.ahead) == (3, 1)
    assert found.rows.column("user").to_pylist() == [1, 5]
    assert found.rows.column("shop").to_pylist() == ["7", "7"]
    assert found.newest == soon


@pytest.mark.parametrize("unit", UNITS)
def test_rows_that_can_all_be_written_are(unit: pa.DataType) -> None:
    old = datetime(1969, 1, 1, tzinfo=UTC)
    found = accepted(batch([1, 2], ["a", "b"], [old, old], unit), VIEW, "at")
    assert (found.rows.num_rows, found.null_keys, found.ahead) == (2, 0, 0)
    assert found.newest == old


def test_a_time_in_milliseconds_for_seconds_is_ahead() -> None:
    wrong = pa.array([int(time.time()) * 1000], pa.int64()).cast(pa.timestamp("s"))
    columns = {"user": [1], "shop": ["a"], "i": [1], "at": wrong}
    found = accepted(pa.RecordBatch.from_pydict(columns), VIEW, "at")
    assert (found.rows.num_rows, found.ahead, found.newest) == (0, 1, None)


def test_a_join_key_that_cannot_be_converted_is_named() -> None:
    rows = batch(["x", "2"], ["a", "b"], [now()] * 2, pa.timestamp("us"))
    with pytest.raises(ConversionError, match=r"join key user: 1 of 2 values .* 'x', cannot"):
        accepted(rows, VIEW, "at")
