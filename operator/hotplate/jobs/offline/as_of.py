"""The row of each entity that was the latest at a time. No I/O."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from hotplate.jobs.offline.latest import Array

COLUMNS = ("code", "at", "created", "number")
"""Columns of rows: the entity's code, event and creation time, and the row's number; integers."""

NONE = -1
"""Where there is no row."""


def rows_as_of(
    rows: Iterable[pd.DataFrame], codes: Array, times: Array, ttl: int
) -> tuple[Array, Array]:
    """Return for each entity the number of its row as of its time, and the row's event time.

    That is the latest row up to the time; of equal event times the row created last, then the one
    with the highest number. A row older than the ttl is none; a ttl of 0 is no limit.
    """
    empty = pd.DataFrame(dict.fromkeys(COLUMNS, np.empty(0, np.int64)))
    ordered = pd.concat([empty, *rows]).sort_values(["at", "created", "number"], kind="stable")
    asked = pd.DataFrame({"code": codes, "at": times, "place": np.arange(len(times))})
    joined = pd.merge_asof(
        asked.astype(np.int64).sort_values("at", kind="stable"),
        ordered.astype(np.int64).assign(since=ordered["at"]),
        on="at",
        by="code",
    ).sort_values("place")
    numbers = joined["number"].fillna(NONE).to_numpy(np.int64)
    since = joined["since"].fillna(NONE).to_numpy(np.int64)
    if ttl:
        numbers = np.where(since < times - ttl, NONE, numbers)
    return numbers, since
