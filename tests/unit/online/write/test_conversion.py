"""A column becomes a feature's declared type by the types alone, as Feast does or refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from feast.type_map import feast_value_type_to_python_type, python_values_to_proto_values
from feast.value_type import ValueType

from hotplate.online.write.encoding import as_served, key_values
from hotplate.online.write.refusals import ConversionError

NOON = datetime(2020, 1, 2, 12, 0, 5, 678901, UTC)
PLAIN = {
    "int64": pa.array([1, 0, -7, 2**53 + 1]),
    "int8": pa.array([1, 0], pa.int8()),
    "uint32": pa.array([2**32 - 1], pa.uint32()),
    "double": pa.array([1.0, 2.5, -0.0, 1e16, 1e22, 0.1]),
    "float": pa.array([0.1, 1.5], pa.float32()),
    "bool": pa.array([True, False]),
    "text": pa.array(["12", " 7 ", "007"]),
    "view": pa.array(["12"], pa.string_view()),
    "category": pa.array(["12", "7", "12"]).dictionary_encode(),
    "bytes": pa.array([b"x", b""]),
    "decimal": pa.array([Decimal("12.34"), Decimal("0.00")], pa.decimal128(10, 2)),
    "whole": pa.array([Decimal(9007199254740993)], pa.decimal128(19, 0)),
    "date": pa.array([date(2020, 1, 2), date(1960, 5, 4)]),
    "time": pa.array([time(1, 2, 3)]),
    "us": pa.array([NOON, datetime(1969, 12, 31, 23, 59, 59, 5, UTC)], pa.timestamp("us")),
    "ns": pa.array([NOON], pa.timestamp("ns", "UTC")),
    "zurich": pa.array([NOON], pa.timestamp("us", "Europe/Zurich")),
    "int64s": pa.array([[1, 2], [3]]),
    "int32s": pa.array([[1]], pa.list_(pa.int32())),
    "doubles": pa.array([[1.5, 2.0]]),
    "texts": pa.array([["a", "b"]]),
    "bools": pa.array([[True, False]]),
    "times": pa.array([[NOON]], pa.list_(pa.timestamp("us"))),
    "parts": pa.array([[b"a"]]),
    "json": pa.array(['{"a": [1, 2]}']),
    "listed": pa.array([b"[1, 2]", b"[3]"]),
    "uuid": pa.array(["123e4567-e89b-12d3-a456-426614174000"]),
    "struct": pa.array([{"a": 1, "b": "x"}]),
}
SCALARS = ("INT64", "INT32", "DOUBLE", "FLOAT", "STRING", "BYTES", "PDF_BYTES", "IMAGE_BYTES",
           "BOOL", "UNIX_TIMESTAMP")  # fmt: skip
LISTS = ("INT64_LIST", "INT32_LIST", "DOUBLE_LIST", "FLOAT_LIST", "STRING_LIST", "BYTES_LIST",
         "BOOL_LIST", "UNIX_TIMESTAMP_LIST")  # fmt: skip
OTHERS = ("INT64_SET", "STRING_SET", "MAP", "STRUCT", "JSON", "UUID", "DECIMAL")
NEVER = {
    *((kind, dtype) for kind, column in PLAIN.items() for dtype in (*SCALARS, "UUID", "DECIMAL")
      if pa.types.is_list(column.type)),
    *(("struct", dtype) for dtype in (*SCALARS, "UUID", "DECIMAL")),
    ("bytes", "STRING"), ("listed", "STRING"),
    ("ns", "INT64"), ("ns", "INT32"), ("ns", "FLOAT"), ("int64", "UNIX_TIMESTAMP"),
    *((kind, "UNIX_TIMESTAMP") for kind in ("double", "float", "bool")),
    *((kind, "UUID") for kind in ("text", "view", "category", "json")),
    ("json", "DECIMAL"), ("uuid", "DECIMAL"), ("listed", "BYTES_LIST"),
    *((kind, dtype) for dtype in (*LISTS, *OTHERS[:2])
      for kind in ("text", "view", "category", "json", "uuid", "struct", "date")),
}  # fmt: skip
"""What Feast turns into nulls, or into values that cannot be read: refused here."""
ELSE = {("listed", "UNIX_TIMESTAMP_LIST")}
"""Feast writes these as integers, which its own type does not read as times."""


def feasts(column: Any, dtype: str) -> list[Any] | None:
    """Return what Feast makes of a column, None if it refuses."""
    try:
        plain = column.to_numpy(zero_copy_only=False)
        protos = python_values_to_proto_values(plain, ValueType[dtype])
        return [feast_value_type_to_python_type(proto) for proto in protos]
    except Exception:  # noqa: BLE001 - of every type
        return None


def ours(column: Any, dtype: str) -> list[Any] | None:
    try:
        return as_served(column, dtype)
    except ConversionError:
        return None


@pytest.mark.parametrize("kind", PLAIN)
def test_a_column_without_nulls_becomes_what_feast_makes_of_it(kind: str) -> None:
    compared = 0
    for dtype in (*SCALARS, *LISTS, *OTHERS):
        expected, found = feasts(PLAIN[kind], dtype), ours(PLAIN[kind], dtype)
        if (kind, dtype) in NEVER:
            assert found is None, dtype
        elif expected is not None and (kind, dtype) not in ELSE:
            assert found == expected, dtype
            compared += 1
    assert compared


@pytest.mark.parametrize("kind", PLAIN)
def test_a_null_changes_no_other_value(kind: str) -> None:
    column, compared = PLAIN[kind], 0
    plain = column.cast(pa.string()) if kind == "category" else column
    beside = pa.concat_arrays([plain, pa.nulls(1, plain.type)])
    for dtype in (*SCALARS, *LISTS):
        alone = ours(column, dtype)
        if alone is not None:
            assert ours(beside, dtype) == [*alone, None], dtype
            compared += 1
    assert compared or kind == "struct"


@pytest.mark.parametrize(
    ("column", "dtype", "message"),
    [
        (pa.array(["7", "x", None, "x"]), "INT64", "2 of 4 values of type string, such as 'x',"),
        (pa.array([2**63], pa.uint64()), "INT64", "the numbers are out of range"),
        (pa.array([float("inf"), 1.0]), "INT64", "1 of 2 values of type double, such as inf,"),
        (pa.array([[1, None]]), "INT64_LIST", "1 items are null: leave them out"),
        (pa.array([[1]]), "INT64", "cannot become INT64: write whole numbers"),
        (pa.array([b"x"]), "STRING", "declare Bytes or a list, or write text"),
        (pa.array([0.5]), "BOOL", "expected 0 or 1"),
        (pa.array([10**12]), "UNIX_TIMESTAMP", "within the years 1 to 9999"),
        (pa.array([b"[1, 2", b"[]"]), "INT64_LIST", "1 of 2 values of type binary"),
        (pa.array(["12"]), "UUID", "badly formed hexadecimal UUID string"),
        (pa.array([1.5]), "UNIX_TIMESTAMP", "write timestamps, dates or whole seconds"),
        (pa.array(["{", "{}"]), "JSON", "1 of 2 values of type string, such as '{', cannot"),
        (pa.array(["y" * 99]), "DOUBLE", "y…, cannot become DOUBLE: write numbers"),
    ],
)
def test_what_cannot_be_converted_is_counted_with_an_example_and_the_fix(
    column: Any, dtype: str, message: str
) -> None:
    with pytest.raises(ConversionError) as caught:
        as_served(column, dtype)
    assert message in str(caught.value)


def test_nulls_in_lists_are_feasts() -> None:
    assert as_served(pa.array([["a", None], None, []]), "STRING_LIST") == [["a", ""], None, []]
    assert as_served(pa.array([[True, None]]), "BOOL_LIST") == [[True, False]]
    lists = pa.array([b"[1, 2]", None, b"[]"])
    assert as_served(lists, "INT64_LIST") == [[1, 2], None, []]
    times = as_served(lists, "UNIX_TIMESTAMP_LIST")
    assert [time.timestamp() for time in times[0]] == [1, 2]
    ((first, second),) = as_served(pa.array([[1.5, None]]), "DOUBLE_LIST")
    assert first == 1.5
    assert second != second  # noqa: PLR0124 - NaN
    noon = pa.array([[NOON, None]], pa.list_(pa.timestamp("us")))
    expected = NOON.replace(microsecond=0)
    assert as_served(noon, "UNIX_TIMESTAMP_LIST") == [[expected, None]]


def test_join_keys_are_converted_like_features() -> None:
    assert key_values(pa.array(["1", "007", None]), "INT64") == [1, 7, None]
    assert key_values(pa.array([1.0, float("nan")]), "INT64") == [1, None]
    assert key_values(pa.array([94105, None]), "STRING") == ["94105", None]
