"""The row of an entity as of a time: the latest one, of equal times the one created last."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from hotplate.jobs.offline.as_of import COLUMNS, NONE, rows_as_of

ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 6), st.sampled_from([-(2**63), 0, 1])), max_size=20
)
ASKED = st.lists(st.tuples(st.integers(-1, 4), st.integers(-2, 9)), max_size=10)


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, asked=ASKED, ttl=st.sampled_from([0, 1, 3]), size=st.integers(1, 20))
def test_it_is_the_latest_row_within_the_ttl_and_of_equal_times_the_one_created_last(
    rows: list[tuple[int, int, int]], asked: list[tuple[int, int]], ttl: int, size: int
) -> None:
    frame = pd.DataFrame(
        [(*row, number) for number, row in enumerate(rows)], columns=[*COLUMNS], dtype="int64"
    )
    parts = [frame.iloc[at : at + size] for at in range(0, len(frame), size)]
    codes = np.array([code for code, _ in asked], np.int64)
    times = np.array([at for _, at in asked], np.int64)
    numbers, since = rows_as_of(parts, codes, times, ttl)
    for place, (code, time) in enumerate(asked):
        known = [
            (at, created, number)
            for number, (of, at, created) in enumerate(rows)
            if of == code and at <= time and (not ttl or at >= time - ttl)
        ]
        assert numbers[place] == (max(known)[2] if known else NONE)
        if known:
            assert since[place] == max(known)[0]
