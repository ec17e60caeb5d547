"""Rows at odd times: ties, late and corrected rows, edges of the ttl, the far past and future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from equality.case import (
    HTTP,
    NOW,
    READERS,
    SERVED,
    SURFACES,
    TRAINING,
    Case,
    Expected,
    definitions,
    meant,
)
from equality.tables import file, times

ROWS = ({"user": 1}, {"user": 2}, {"user": 3})
CREATED = 'created_timestamp_column="created"'
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

Moment = datetime | None


def rows(of: Sequence[tuple[int, int, Moment, Moment]]) -> Mapping[str, Any]:
    """Return the columns of rows: user, value, event time, creation time."""
    users, values, moments, created = zip(*of, strict=True)
    return {
        "user": list(users),
        "i": list(values),
        "event_timestamp": times(moments),
        "created": times(created),
    }


def created(name: str, *steps: Sequence[tuple[int, int, Moment, Moment]], **more: Any) -> Case:
    """Return a case whose rows have a creation time; each step is a state of the file."""
    text = definitions({"i": "Int64"}, source=CREATED)
    return Case(name, text, tuple(file(rows(step)) for step in steps), ROWS, **more)


def served(difference: str, values: Sequence[int | None], *surfaces: str) -> Mapping[str, Any]:
    """Return the option `expected` of a case: the values of the three users."""
    return {"expected": (meant(difference, [{"i": value} for value in values], *surfaces),)}


def plain(name: str, steps: Sequence[Sequence[tuple[int, int, Moment]]], **more: Any) -> Case:
    """Return a case without creation times."""
    text = definitions({"i": "Int64"}, **{k: v for k, v in more.items() if k == "ttl"})
    data = tuple(file(rows([(*row, NOW) for row in step])) for step in steps)
    return Case(name, text, data, ROWS, **{k: v for k, v in more.items() if k != "ttl"})


def trained(*values: int | None) -> Expected:
    """Return what a training table has of the three users; Feast lacks some of the rows."""
    return meant("rows without valid features", [{"i": value} for value in values], TRAINING)


def unit(name: str, kind: pa.DataType) -> Case:
    moments = [NOW.replace(tzinfo=None) if kind.tz is None else NOW] * 3
    data = {"user": [1, 2, 3], "i": [10, 11, 12], "event_timestamp": pa.array(moments, kind)}
    return Case(name, definitions({"i": "Int64"}), (file(data),), ROWS)


@cache
def now_of_second_run() -> datetime:
    """Return a moment after Feast's first run; Hotplate's are later, and overlap."""
    return datetime.now(UTC)


def newer(folder: Path) -> None:
    """Write a row whose event time is that of the second run."""
    now = now_of_second_run()
    file(rows([(1, 10, NOW, NOW), (1, 11, now, now), (2, 20, NOW, NOW)]))(folder)


YEAR_2100 = datetime(2100, 1, 1, tzinfo=UTC)
BEFORE = NOW - HOUR
LATELY = NOW + HOUR / 2
"""Within the overlap of two runs, which is an hour."""

CASES = (
    created(
        "ties, the later created last", [(1, 10, NOW, BEFORE), (1, 11, NOW, NOW), (2, 20, NOW, NOW)]
    ),
    created(
        "ties, the later created first",
        [(1, 11, NOW, NOW), (1, 10, NOW, BEFORE), (2, 20, NOW, NOW)],
    ),
    created(
        "ties, a null created first",
        [(1, 10, NOW, None), (1, 11, NOW, NOW), (2, 20, NOW, None)],
    ),
    created(
        "ties, a null created last",
        [(1, 11, NOW, NOW), (1, 10, NOW, None), (2, 20, NOW, NOW)],
    ),
    created(
        "a later created row of an older time",
        [(1, 11, NOW, BEFORE), (1, 10, BEFORE, NOW), (2, 20, NOW, NOW)],
    ),
    created(
        "a corrected row",
        [(1, 10, LATELY, NOW), (2, 20, NOW, NOW)],
        [(1, 10, LATELY, NOW), (1, 11, LATELY, LATELY), (2, 20, NOW, NOW)],
        **served("late and corrected rows", [11, 20, None]),
    ),
    created(
        "a late row",
        [(1, 10, NOW, NOW), (2, 20, NOW, NOW)],
        [(1, 10, NOW, NOW), (2, 20, NOW, NOW), (3, 30, LATELY, LATELY)],
        **served("late and corrected rows", [10, 20, 30]),
    ),
    created(
        "a late row that is older than what is served",
        [(1, 10, NOW, NOW), (2, 20, NOW, NOW)],
        [(1, 10, NOW, NOW), (1, 9, BEFORE, LATELY), (2, 20, NOW, NOW)],
    ),
    plain(
        "rows of one entity, unordered",
        [[(1, 11, NOW), (1, 9, NOW - DAY), (1, 10, BEFORE), (2, 20, NOW)]],
    ),
    plain(
        "ties without created",
        [[(1, 10, NOW), (1, 11, NOW), (2, 20, NOW)]],
        **served("ties", [11, 20, None], *SERVED, TRAINING),
    ),
    Case(
        "a newer row in the second run",
        definitions({"i": "Int64"}, source=CREATED),
        (file(rows([(1, 10, NOW, NOW), (2, 20, NOW, NOW)])), newer),
        ROWS,
    ),
    plain(
        "just within the ttl", [[(1, 10, NOW), (2, 20, NOW)]], ttl="timedelta(hours=1, minutes=5)"
    ),
    plain(
        "just beyond the ttl",
        [[(1, 10, NOW), (2, 20, NOW), (3, 30, LATELY)]],
        ttl="timedelta(minutes=55)",
        expected=(trained(None, None, 30),),
    ),
    plain("no ttl, rows of an hour ago", [[(1, 10, NOW), (2, 20, NOW)]], ttl="timedelta(0)"),
    plain(
        "no ttl, rows of 700 days ago",
        [[(1, 10, NOW - 700 * DAY), (2, 20, NOW - 700 * DAY), (3, 30, NOW - 700 * DAY)]],
        ttl="timedelta(0)",
        **served("old rows of a view without ttl", [10, 20, 30]),
    ),
    plain(
        "no ttl given, rows of 700 days ago",
        [[(1, 10, NOW - 700 * DAY), (2, 20, NOW)]],
        ttl="None",
        **served("old rows of a view without ttl", [10, 20, None]),
    ),
    plain(
        "rows that expired after they were written",
        [[(1, 10, NOW), (2, 20, LATELY)]],
        ttl="timedelta(minutes=55)",
        since=NOW - DAY,
        expected=(
            meant("expired rows", [{"i": v} for v in (None, 20, None)], *READERS, HTTP),
            trained(None, 20, None),
        ),
    ),
    plain(
        "a ttl of ten years, rows of 1972 and now",
        [[(1, 10, datetime(1972, 1, 1, tzinfo=UTC)), (2, 20, NOW)]],
        ttl="timedelta(days=3650)",
        expected=(trained(None, 20, None),),
    ),
    plain(
        "rows of tomorrow",
        [[(1, 10, NOW + DAY), (1, 9, NOW), (2, 20, NOW + DAY)]],
        expected=(trained(9, None, None),),
    ),
    plain(
        "rows of 2100",
        [[(1, 10, YEAR_2100), (1, 9, NOW), (2, 20, YEAR_2100), (3, 30, NOW)]],
        expected=(trained(9, None, 30),),
    ),
    plain(
        "event times with fractions",
        [
            [
                (1, 10, NOW + timedelta(microseconds=1)),
                (1, 11, NOW + timedelta(microseconds=2)),
                (2, 20, NOW),
            ]
        ],
    ),
    plain("a null event time", [[(1, 10, None), (1, 9, NOW), (2, 20, NOW)]]),
    plain(
        "a pushed row",
        [[(1, 10, NOW), (2, 20, NOW)]],
        pushed=({"user": 1, "i": 11, "event_timestamp": LATELY, "created": LATELY},),
    ),
    plain(
        "a pushed row that is older",
        [[(1, 10, NOW), (2, 20, NOW)]],
        pushed=({"user": 1, "i": 9, "event_timestamp": BEFORE, "created": BEFORE},),
    ),
    plain(
        "a pushed row of 2100",
        [[(1, 10, NOW), (2, 20, NOW)]],
        pushed=({"user": 1, "i": 11, "event_timestamp": YEAR_2100, "created": LATELY},),
        **served("pushed rows of the future", [10, 20, None]),
    ),
    plain(
        "a ttl of half a second",
        [[(1, 10, NOW), (2, 20, NOW)]],
        ttl="timedelta(milliseconds=500)",
        expected=(Expected("views that are refused", SURFACES, refused="ttl"),),
    ),
    unit("times in ns", pa.timestamp("ns", "UTC")),
    unit("times in ms", pa.timestamp("ms", "UTC")),
    unit("times in s", pa.timestamp("s", "UTC")),
    unit("times of Zurich", pa.timestamp("us", "Europe/Zurich")),
    unit("times of an offset", pa.timestamp("us", "+05:30")),
    unit("times without zone", pa.timestamp("us")),
    unit("times without zone in ns", pa.timestamp("ns")),
    Case(
        "event times that are dates",
        definitions({"i": "Int64"}),
        (
            file(
                {
                    "user": [1, 2],
                    "i": [10, 11],
                    "event_timestamp": pa.array([(NOW - 2 * DAY).date()] * 2),
                }
            ),
        ),
        ROWS,
    ),
    Case(
        "event times that are text",
        definitions({"i": "Int64"}),
        (file({"user": [1, 2], "i": [10, 11], "event_timestamp": [NOW.isoformat()] * 2}),),
        ROWS,
    ),
)
