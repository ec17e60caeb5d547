"""Entities are told by join keys in their declared types, whatever types come in."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from hotplate.jobs.offline.entities import Entities
from hotplate.online.write.refusals import ConversionError

TYPES = {"user": "INT64", "shop": "STRING"}


def test_rows_of_other_entities_are_not_wanted() -> None:
    asked = Entities.of(TYPES, {"user": ["7", "007", None], "shop": ["a", "b", "a"]}, range(3))
    columns = {
        "user": pa.chunked_array([[7, 7, 7, 8, None]]),
        "shop": pa.chunked_array([["b", "a", "c", "a", "a"]]),
    }
    codes = asked.codes_of(columns, 5)
    assert asked.wanted(codes).tolist() == [True, True, False, False, False]
    assert codes[[1, 0]].tolist() == asked.codes[:2].tolist()
    assert asked.codes[2] < 0


def test_without_join_keys_there_is_one_entity() -> None:
    asked = Entities.of({}, {}, range(2))
    assert asked.wanted(asked.codes_of({}, 3)).tolist() == [True, True, True]


def test_each_pair_of_join_keys_has_a_code_of_its_own() -> None:
    pairs = [(user, shop) for user in range(5) for shop in "abc"]
    keys = {"user": [user for user, _ in pairs], "shop": [shop for _, shop in pairs]}
    assert len(np.unique(Entities.of(TYPES, keys, pairs).codes)) == len(pairs)


def test_keys_that_cannot_be_converted_are_named() -> None:
    keys = {"user": [Decimal("1.5"), "x"], "shop": ["a", "b"]}
    with pytest.raises(ConversionError, match="join key user of the labels: "):
        Entities.of(TYPES, keys, range(2))
