"""Files as people have them: of several types, folders, globs, partitions, columns too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from equality.case import NOW, SERVED, TRAINING, VERIFY, Case, Expected, definitions, meant
from equality.differences import TYPED
from equality.tables import file, files, times

ROWS = ({"user": 1}, {"user": 2}, {"user": 3})
USERS = [1, 2, 3]

NAIVE = NOW.replace(tzinfo=None)

COLUMNS: Mapping[str, tuple[str, pa.Array]] = {
    "decimals of a Float64": (
        "Float64",
        pa.array([Decimal("12.34"), None, Decimal("0.00")], pa.decimal128(10, 2)),
    ),
    "decimals of an Int64": (
        "Int64",
        pa.array([Decimal(4503599627370497), Decimal(2), None], pa.decimal128(19, 0)),
    ),
    "decimals of a String": (
        "String",
        pa.array([Decimal("12.30"), None, Decimal("0.00")], pa.decimal128(10, 2)),
    ),
    "dates of a String": ("String", pa.array([date(2024, 2, 29), None, date(1969, 1, 1)])),
    "dates of a UnixTimestamp": (
        "UnixTimestamp",
        pa.array([date(2024, 2, 29), None, date(1971, 1, 1)]),
    ),
    "times without zone of a UnixTimestamp": (
        "UnixTimestamp",
        pa.array([NAIVE, None, NAIVE - timedelta(days=20_000)], pa.timestamp("ms")),
    ),
    "times of an Int64": ("Int64", times([NOW, NOW, NOW])),
    "integers of a Float64": ("Float64", pa.array([1, None, 3], pa.int64())),
    "integers of a String": ("String", pa.array([1, 2, 3], pa.int64())),
    "integers of a Bool": ("Bool", pa.array([1, 0, 1], pa.int64())),
    "floats of an Int64": ("Int64", pa.array([1.0, None, 3.0])),
    "floats with fractions of an Int64": ("Int64", pa.array([1.5, None, -2.7])),
    "floats of a String": ("String", pa.array([1.0, None, 0.1])),
    "doubles of a Float32": ("Float32", pa.array([0.1, None, 1e30])),
    "text of an Int64": ("Int64", pa.array(["1", None, "007"])),
    "text of a Float64": ("Float64", pa.array(["0.5", "1", "2"])),
    "booleans of an Int64": ("Int64", pa.array([True, None, False])),
    "booleans of a String": ("String", pa.array([True, None, False])),
    "small integers of an Int64": ("Int64", pa.array([1, None, -3], pa.int8())),
    "unsigned integers of an Int64": ("Int64", pa.array([1, 2, 2**32], pa.uint64())),
    "an Int64 column of an Int32": ("Int32", pa.array([1, None, -3], pa.int64())),
    "too large for an Int32": ("Int32", pa.array([1, 2, 2**40], pa.int64())),
    "categories of a String": ("String", pa.array(["a", None, "b"]).dictionary_encode()),
    "large text of a String": ("String", pa.array(["a", None, "b"], pa.large_string())),
    "bytes of a String": ("String", pa.array([b"a", None, b"b"], pa.binary())),
    "text of Bytes": ("Bytes", pa.array(["a", None, "b"])),
    "a list of a String": ("String", pa.array([["a"], None, ["b"]])),
    "floats of an Array(Int64)": ("Array(Int64)", pa.array([[1.0], None, [2.0, 3.0]])),
    "fixed size lists": (
        "Array(Float32)",
        pa.array([[1.0, 2.0], None, [3.0, 4.0]], pa.list_(pa.float32(), 2)),
    ),
    "durations of an Int64": (
        "Int64",
        pa.array([timedelta(seconds=1), None, timedelta(days=1)], pa.duration("us")),
    ),
}

UNREADABLE = ("a list of a String", "bytes of a String")
NO_TEXT = (
    Expected(
        "values that no text is made of",
        (*SERVED, VERIFY, TRAINING),
        refused="cannot become STRING",
    ),
)

SEVERAL = "folders of several types"
FOLDER = {"i": "Int64"}


def days(name: str, tables: Sequence[Mapping[str, Any]], dtype: str = "Int64", **more: Any) -> Case:
    """Return a case of a folder with a file a day."""
    data = {f"v.parquet/{number}.parquet": each for number, each in enumerate(tables)}
    more = {"trained_as_served": TYPED} | more
    return Case(name, definitions({"i": dtype}), (files(data),), ROWS, **more)


def path(name: str, where: str, tables: Mapping[str, Mapping[str, Any]]) -> Case:
    text = definitions(FOLDER).replace("data/v.parquet", where)
    return Case(name, text, (files(tables),), ROWS)


CASES = (
    *(
        Case(
            name,
            definitions({"x": dtype}),
            (file({"user": USERS, "x": values}),),
            ROWS,
            trained_as_served=TYPED,
            expected=NO_TEXT if name in UNREADABLE else (),
        )
        for name, (dtype, values) in COLUMNS.items()
    ),
    days(
        "a day of integers, then one of floats with a null",
        [{"user": [1], "i": [10]}, {"user": [2, 3], "i": [float("nan"), 12.0]}],
    ),
    days(
        "a day of floats, then one of integers",
        [{"user": [1, 2], "i": [float("nan"), 12.0]}, {"user": [3], "i": [10]}],
    ),
    days(
        "a day of nulls first",
        [
            {"user": [1], "i": pa.array([None], pa.null())},
            {"user": [2, 3], "i": [11, 12]},
        ],
    ),
    days(
        "a day of integers, then one of text",
        [{"user": [1], "i": [10]}, {"user": [2, 3], "i": ["11", "b"]}],
        "String",
        expected=(meant(SEVERAL, [{"i": "10"}, {"i": "11"}, {"i": "b"}], *SERVED, TRAINING),),
    ),
    days(
        "a day of int32, then one of int64",
        [{"user": [1], "i": pa.array([10], pa.int32())}, {"user": [2, 3], "i": [11, 2**40]}],
    ),
    days(
        "a day with a column more",
        [{"user": [1], "i": [10]}, {"user": [2, 3], "i": [11, 12], "note": ["x", "y"]}],
    ),
    days(
        "a day without the column",
        [{"user": [1, 2], "i": [10, 11]}, {"user": [3]}],
        expected=(meant(SEVERAL, [{"i": 10}, {"i": 11}, {"i": None}], *SERVED, TRAINING),),
    ),
    days(
        "days whose times differ in unit",
        [
            {"user": [1], "i": [10], "event_timestamp": times([NOW], pa.timestamp("ns", "UTC"))},
            {"user": [2, 3], "i": [11, 12], "event_timestamp": times([NOW, NOW])},
        ],
        expected=(
            meant("times of several units", [{"i": 10}, {"i": 11}, {"i": 12}], *SERVED, TRAINING),
        ),
    ),
    days(
        "days with and without a time zone",
        [
            {
                "user": [1],
                "i": [10],
                "event_timestamp": times([NOW.replace(tzinfo=None)], pa.timestamp("us")),
            },
            {"user": [2, 3], "i": [11, 12], "event_timestamp": times([NOW, NOW])},
        ],
    ),
    path(
        "a glob",
        "data/*.parquet",
        {"a.parquet": {"user": [1], "i": [10]}, "b.parquet": {"user": [2, 3], "i": [11, 12]}},
    ),
    path(
        "a glob of folders",
        "data/*/v.parquet",
        {"a/v.parquet": {"user": [1], "i": [10]}, "b/v.parquet": {"user": [2, 3], "i": [11, 12]}},
    ),
    path(
        "a folder with partitions",
        "data/v",
        {
            "v/region=east/a.parquet": {"user": [1], "i": [10]},
            "v/region=west/a.parquet": {"user": [2, 3], "i": [11, 12]},
        },
    ),
    path(
        "a feature that is a partition",
        "data/v",
        {
            "v/i=10/a.parquet": {"user": [1], "note": ["x"]},
            "v/i=11/a.parquet": {"user": [2, 3], "note": ["y", "z"]},
        },
    ),
    Case(
        "columns with other names in the file",
        definitions({"i": "Int64"}, source='field_mapping={"I": "i", "USER": "user"}'),
        (file({"USER": USERS, "I": [10, None, 12]}),),
        ROWS,
    ),
    Case(
        "many columns, few of them features",
        definitions({"i": "Int64"}),
        (file({"user": USERS, "a": ["x"] * 3, "i": [10, None, 12], "z": [0.5] * 3}),),
        ROWS,
    ),
)
