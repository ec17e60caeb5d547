"""Redis keys of rows, and what cannot be one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotplate.online import EntityKeyError
from hotplate.online.feast.deletion import Rows
from hotplate.online.layout.keys import redis_key, uniform_keys
from hotplate.protocol.read_plan import JoinKey

ZIPCODE, PERSON = JoinKey("zipcode", "INT64"), JoinKey("person", "STRING")


def test_a_key_is_laid_out_as_feast_lays_it_out() -> None:
    expected = (
        b"\x02\0\0\0" + b"\x02\0\0\0\x06\0\0\0person" + b"\x02\0\0\0\x07\0\0\0zipcode"
        + b"\x02\0\0\0\x02\0\0\0Zo" + b"\x04\0\0\0\x08\0\0\0\x07\0\0\0\0\0\0\0" + b"credit"
    )  # fmt: skip
    assert redis_key((ZIPCODE, PERSON), "credit")({"zipcode": 7, "person": "Zo"}) == expected


def test_integers_of_numpy_count_as_integers() -> None:
    key = redis_key((ZIPCODE,), "credit")
    assert key({"zipcode": np.int64(7)}) == key({"zipcode": 7})


@pytest.mark.parametrize("value", ["7", 7.0, None, True, math.nan, 2**63, [7]])
def test_a_value_of_another_type_is_refused_by_name_and_not_shown(value: Any) -> None:
    with pytest.raises(EntityKeyError, match=r"join key 'zipcode': expected a value of INT64"):
        redis_key((ZIPCODE,), "credit")({"zipcode": value})


@pytest.mark.parametrize("value", [7, b"x", None, "\ud800"])
def test_text_must_be_text(value: Any) -> None:
    with pytest.raises(EntityKeyError, match="join key 'person'"):
        redis_key((PERSON,), "credit")({"person": value})


def test_a_missing_join_key_is_named() -> None:
    with pytest.raises(EntityKeyError, match="join key 'person' is missing"):
        redis_key((ZIPCODE, PERSON), "credit")({"zipcode": 7})


@pytest.mark.parametrize("project", ["my_prod", "prod2", "", "od", "*"])
def test_rows_are_those_of_one_project_to_the_last_byte(project: str) -> None:
    rows = Rows("prod", ("zipcode",))
    assert rows.holds(redis_key((ZIPCODE,), "prod")({"zipcode": 7}))
    assert not rows.holds(redis_key((ZIPCODE,), project)({"zipcode": 7}))
    assert not rows.holds(redis_key((ZIPCODE, PERSON), "prod")({"zipcode": 7, "person": "x"}))
    assert not rows.holds(rows.start + b"\x04\0")


@pytest.mark.parametrize("join_key", [ZIPCODE, PERSON])
@given(
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.text(min_size=2, max_size=3) | st.none())
    | st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1)
    | st.lists(st.text(st.sampled_from("a\xe4"), min_size=2, max_size=2), min_size=1)
)
def test_keys_made_at_once_are_those_made_one_by_one(join_key: JoinKey, values: list[Any]) -> None:
    rows = [{join_key.name: value} for value in values]
    keys = uniform_keys((join_key,), "credit")(rows)
    if keys is None:
        return
    start, parts, end = keys
    one_by_one = redis_key((join_key,), "credit")
    assert [start + part + end for part in parts] == [one_by_one(row) for row in rows]


@pytest.mark.parametrize(
    ("join_keys", "values"),
    [
        ((ZIPCODE,), [7, True]),
        ((ZIPCODE,), [7, 2**63]),
        ((ZIPCODE,), []),
        ((PERSON,), ["Zo", "Zoe"]),
        ((PERSON,), ["Zo", b"Zo"]),
        ((PERSON,), ["Zo", "\ud800"]),
        ((JoinKey("zipcode", "INT32"),), [7]),
        ((ZIPCODE, PERSON), [7]),
    ],
)
def test_keys_that_are_not_alike_are_left_to_the_function_of_one(
    join_keys: tuple[JoinKey, ...], values: list[Any]
) -> None:
    rows = [{join_keys[0].name: value, "more": 1} for value in values]
    assert uniform_keys(join_keys, "credit")(rows) is None
    assert uniform_keys(join_keys, "credit")([*rows, {}]) is None
