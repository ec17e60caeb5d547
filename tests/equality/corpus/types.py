"""A view of one feature for every type of Feast: values, a null between them, a missing row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from equality.case import NOW, SERVED, TRAINING, Case, definitions, meant
from equality.differences import TYPED
from equality.tables import UTC_MICROS, file

ROWS = tuple({"user": number} for number in (1, 2, 3, 9))
MOMENT = datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)
UUIDS = ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", "00000000-0000-1000-8000-00805f9b34fb"]
MONEY = pa.decimal128(20, 2)


def column(kind: pa.DataType, first: Any, last: Any) -> pa.Array:
    """Return a value, a null and a value."""
    return pa.array([first, None, last], kind)


SCALARS: Mapping[str, pa.Array] = {
    "Int32": column(pa.int32(), -(2**31), 2**31 - 1),
    "Int64": column(pa.int64(), -1, 2**40),
    "Float32": column(pa.float32(), 0.1, -0.0),
    "Float64": column(pa.float64(), 0.1, -1e308),
    "Bool": column(pa.bool_(), True, False),
    "String": column(pa.string(), "Zürich", ""),
    "Bytes": column(pa.binary(), b"\x00\xff", b"ab"),
    "PdfBytes": column(pa.binary(), b"%PDF-1.7", b"\x00"),
    "ImageBytes": column(pa.binary(), b"\x89PNG", b"\xff\xd8"),
    "UnixTimestamp": column(UTC_MICROS, MOMENT, NOW),
    "ZonedTimestamp": column(pa.timestamp("us", "Europe/Zurich"), MOMENT, NOW),
    "Uuid": column(pa.string(), *UUIDS),
    "TimeUuid": column(pa.string(), *UUIDS),
    "Decimal": column(MONEY, Decimal("12.34"), Decimal("-0.10")),
    "Json": column(pa.string(), '{"a": [1, null]}', "[]"),
    "Map": column(pa.string(), json.dumps({"a": "b"}), json.dumps({"c": "d"})),
    "ScalarMap": column(pa.map_(pa.string(), pa.int64()), [("a", 1)], [("b", 2)]),
    'Struct({"a": Int64, "b": String})': column(
        pa.struct([("a", pa.int64()), ("b", pa.string())]),
        {"a": 1, "b": "x"},
        {"a": 2, "b": "y"},
    ),
}
ITEMS: Mapping[str, tuple[pa.DataType, list[Any], list[Any]]] = {
    "Int32": (pa.int32(), [1, -2], [3]),
    "Int64": (pa.int64(), [2**53 + 1, -2], [3]),
    "Float32": (pa.float32(), [0.1], [-0.0, 2.5]),
    "Float64": (pa.float64(), [0.1], [1e308, 2.5]),
    "Bool": (pa.bool_(), [True], [False, True]),
    "String": (pa.string(), ["a", ""], ["ü"]),
    "Bytes": (pa.binary(), [b"a", b"\x00"], [b"c"]),
    "UnixTimestamp": (UTC_MICROS, [MOMENT], [NOW, MOMENT]),
    "Uuid": (pa.string(), [UUIDS[0]], UUIDS),
    "TimeUuid": (pa.string(), [UUIDS[0]], UUIDS),
    "Decimal": (MONEY, [Decimal("1.50")], [Decimal("2.00"), Decimal("-3.25")]),
}
LISTS: Mapping[str, pa.Array] = {
    f"Array({name})": column(pa.list_(kind), first, last)
    for name, (kind, first, last) in ITEMS.items()
} | {
    "Array(Json)": column(pa.list_(pa.string()), ['{"a": 1}'], ["[]", "2"]),
    "Array(Map)": column(pa.string(), '[{"a": "b"}]', "[]"),
    "Array(Array(Int64))": column(pa.list_(pa.list_(pa.int64())), [[1], [2, 3]], [[4]]),
    "Array(Array(String))": column(pa.list_(pa.list_(pa.string())), [["a"], []], [["b"]]),
}
SETS: Mapping[str, pa.Array] = {
    f"Set({name})": column(pa.list_(kind), first, last)
    for name, (kind, first, last) in ITEMS.items()
}


def case(name: str, dtype: str, values: pa.Array, **more: Any) -> Case:
    users = range(1, len(values) + 1)
    return Case(
        name,
        definitions({"x": dtype}),
        (file({"user": users, "x": values}),),
        ROWS,
        trained_as_served=TYPED,
        **more,
    )


EXACT = tuple({"x": each} for each in (2**53 + 1, None, 2**53 + 3, None))

WITH_NULLS = {
    "Array(Int64)": pa.list_(pa.int64()),
    "Array(Float64)": pa.list_(pa.float64()),
    "Array(String)": pa.list_(pa.string()),
    "Array(Bool)": pa.list_(pa.bool_()),
}
NULL_ITEMS: Mapping[str, list[Any]] = {
    "Array(Int64)": [1, None],
    "Array(Float64)": [None, 0.5],
    "Array(String)": ["a", None],
    "Array(Bool)": [None, True],
}

CASES = (
    *(case(f"type {name}", name, values) for name, values in {**SCALARS, **LISTS, **SETS}.items()),
    *(
        case(f"null in {name}", name, pa.array([items, [items[0] or items[1]], None], kind))
        for (name, kind), items in zip(WITH_NULLS.items(), NULL_ITEMS.values(), strict=True)
    ),
    *(
        case(f"empty {name}", name, pa.array([[], None, []], kind))
        for name, kind in WITH_NULLS.items()
    ),
    case("NaN", "Float64", pa.array([float("nan"), None, float("inf")])),
    case("integers beyond 2^53, no null", "Int64", pa.array([2**53 + 1, -(2**63), 2**63 - 1])),
    case(
        "integers beyond 2^53, one null",
        "Int64",
        pa.array([2**53 + 1, None, 2**53 + 3]),
        expected=(meant("integers beside nulls", EXACT, *SERVED, TRAINING),),
    ),
    case("nothing but nulls", "Int64", pa.array([None, None, None], pa.int64()), empty=True),
    case(
        "times of 1969 and with fractions",
        "UnixTimestamp",
        pa.array([datetime(1969, 12, 31, tzinfo=UTC), None, NOW + timedelta(microseconds=7)]),
    ),
)
