"""The latest row of each entity, whatever the batches that its rows come in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotplate.jobs.offline import latest
from hotplate.jobs.offline.latest import ROW, Latest

ROWS = st.lists(
    st.tuples(
        st.none() | st.sampled_from(["", "a", "b", "c"]),
        st.none() | st.integers(-1, 2),
        st.integers(0, 3),
        st.none() | st.integers(0, 2),
    ),
    max_size=30,
)


def batch(rows: list[Any], first: int) -> pa.Table:
    name, place, when, created = zip(*rows, strict=True)
    return pa.table(
        {
            "name": pa.array(name, pa.string()),
            "place": pa.array(place, pa.int64()),
            "when": pa.array(when, pa.int64()),
            "created": pa.array(created, pa.int64()),
            ROW: np.arange(first, first + len(rows)),
        }
    )


def found(
    rows: list[Any], size: int, keys: tuple[str, ...], times: tuple[str, ...]
) -> tuple[list[int], list[int]]:
    told = Latest(keys, times)
    for first in range(0, len(rows), size):
        told.add(batch(rows[first : first + size], first))
    numbers, whens = told.rows()
    return numbers.tolist(), whens.tolist()


@pytest.mark.parametrize("keys", [("name",), ("place",), ("name", "place"), ("place", "name"), ()])
@pytest.mark.parametrize("times", [("when",), ("when", "created")])
@settings(max_examples=60, deadline=None)
@given(rows=ROWS, size=st.integers(1, 31), limit=st.sampled_from([1, 5, 1000]))
def test_the_latest_row_of_each_entity_is_told(
    keys: tuple[str, ...], times: tuple[str, ...], rows: list[Any], size: int, limit: int
) -> None:
    expected: dict[Any, Any] = {}
    for number, (name, place, when, created) in enumerate(rows):
        entity = tuple({"name": name, "place": place}[key] for key in keys)
        unknown = float("-inf") if created is None else created
        order = (when, unknown if "created" in times else 0, number)
        expected[entity] = max(expected.get(entity, order), order)
    numbers = sorted(number for *_, number in expected.values())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latest, "_LEAST_ROWS", limit)
        assert found(rows, size, keys, times) == (numbers, [rows[n][2] for n in numbers])


def test_keys_as_categories_are_told_by_their_values() -> None:
    parts = [pa.array(names).dictionary_encode() for names in (["a", "b"], ["b", "a"])]
    told = Latest(["name"], ["when"])
    for first, names in zip((0, 2), parts, strict=True):
        told.add(pa.table({"name": names, "when": [1, 1], ROW: [first, first + 1]}))
    assert told.rows()[0].tolist() == [2, 3]
