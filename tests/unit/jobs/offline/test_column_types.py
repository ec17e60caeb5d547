"""A column of several files has one type, and its values one spelling, whatever the files hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from hotplate.jobs.offline.column_types import TypesDifferError, column_type
from hotplate.online.write.encoding import as_served
from hotplate.online.write.refusals import ConversionError

BIG = 2**53 + 1
INTS, NULLS = pa.array([94105, BIG]), pa.nulls(1)
FLOATS = pa.array([94107.0, None, float("nan"), 0.5])


def together(dtype: str, *files: Any) -> list[Any]:
    """Return what is served of files with these columns."""
    kind = column_type("c", [file.type for file in files], dtype)
    return [value for file in files for value in as_served(kind.of(file), dtype)]


@pytest.mark.parametrize(
    ("dtype", "files", "expected"),
    [
        ("INT64", [INTS, FLOATS], [94105, BIG, 94107, None, None, 0]),
        ("INT64", [FLOATS, INTS], [94107, None, None, 0, 94105, BIG]),
        ("INT64", [NULLS, INTS], [None, 94105, BIG]),
        ("INT64", [pa.array([1], pa.int8()), INTS], [1, 94105, BIG]),
        ("INT64", [pa.array(["7"]), INTS], [7, 94105, BIG]),
        ("STRING", [INTS, FLOATS], ["94105", str(BIG), "94107", None, None, "0.5"]),
        ("STRING", [FLOATS], ["94107.0", None, None, "0.5"]),
        ("STRING", [INTS, pa.array([None, 1])], ["94105", str(BIG), None, "1"]),
        ("STRING", [pa.array(["a"]), INTS], ["a", "94105", str(BIG)]),
        ("STRING", [pa.array(["a"]), pa.array(["b"]).dictionary_encode()], ["a", "b"]),
        ("DOUBLE", [INTS, FLOATS], [94105.0, 2.0**53, 94107.0, None, None, 0.5]),
        ("STRING_LIST", [NULLS, pa.array([["a"]])], [None, ["a"]]),
        ("INT64_LIST", [pa.array([[1]], pa.list_(pa.int32())), pa.array([[2]])], [[1], [2]]),
        ("BOOL", [pa.array([1, 0]), pa.array([1.0, None])], [True, False, True, None]),
    ],
)
def test_files_of_different_types_are_one_column(
    dtype: str, files: list[Any], expected: list[Any]
) -> None:
    assert together(dtype, *files) == expected


def test_decimals_of_different_scales_are_spelled_alike() -> None:
    files = [
        pa.array([Decimal("1.5")], pa.decimal128(4, 1)),
        pa.array([Decimal("1.50")], pa.decimal128(5, 2)),
    ]
    assert together("STRING", *files) == ["1.50", "1.50"]


def test_times_of_different_units_and_zones_are_one_column() -> None:
    types = [pa.timestamp("s"), pa.timestamp("ns", "Europe/Zurich"), pa.date32()]
    assert column_type("at", types, None).kind == pa.timestamp("us", "UTC")


def test_what_does_not_fit_together_is_named() -> None:
    with pytest.raises(TypesDifferError, match="column at is string, timestamp"):
        column_type("at", [pa.timestamp("us"), pa.string()], None)
    with pytest.raises(ConversionError, match="column c: 1 of 1 values of type string, such as"):
        together("INT64", INTS, pa.array(["x"]))
