"""Keys of every shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from equality.case import (
    HTTP,
    IMPORTS,
    READERS,
    TRAINING,
    VERIFY,
    Case,
    Expected,
    definitions,
    meant,
)
from equality.corpus.types import MOMENT, NOW, UUIDS
from equality.differences import OF_KEYS
from equality.tables import UTC_MICROS, file, files

VALUES = [10, 11, 12]
KINDS: Mapping[str, tuple[pa.DataType, Sequence[Any]]] = {
    "Int32": (pa.int32(), (-(2**31), 0, 7)),
    "Int64": (pa.int64(), (-(2**63), 0, 2**63 - 1)),
    "String": (pa.string(), ("", "Zürich", "a,b=c\r\n")),
    "Bytes": (pa.binary(), (b"\x00", b"ab", b"\xff\xfe")),
    "Uuid": (pa.string(), (*UUIDS, "6ba7b811-9dad-11d1-80b4-00c04fd430c8")),
    "UnixTimestamp": (UTC_MICROS, (MOMENT, NOW, NOW.replace(year=1999, day=1))),
    "Bool": (pa.bool_(), (True, False)),
    "Float64": (pa.float64(), (0.5, 1.0, -2.0)),
}


def case(name: str, dtype: str, column: pa.Array, asked: Sequence[Any], **more: Any) -> Case:
    """Return a case of keys that the file has as `column` and a request as `asked`."""
    values = VALUES[: len(column)]
    return Case(
        name,
        definitions({"i": "Int64"}, key=dtype),
        (file({"user": column, "i": values}),),
        tuple({"user": value} for value in asked),
        **more,
    )


def keyed(name: str, text: str, data: Mapping[str, Any], rows: Sequence[Any], **more: Any) -> Case:
    """Return a case of a repository that is written out."""
    return Case(name, IMPORTS + text, (files(data),), tuple(rows), **more)


def view(name: str, entities: str, features: str, path: str, more: str = "") -> str:
    """Return the definition of a view; the features are fields."""
    return f"""
{name} = FeatureView(name="{name}", entities=[{entities}], ttl=timedelta(days=60),
    schema=[{features}], source=FileSource(name="{name}", path="data/{path}.parquet",
    timestamp_field="event_timestamp"){more})
"""


def field(name: str, dtype: str) -> str:
    return f'Field(name="{name}", dtype={dtype}), '


UNSERVED = (*READERS, HTTP, TRAINING)
"""What scoring processes cannot serve is not trained on."""

CONVERTED: Mapping[str, Any] = {"trained_as_served": OF_KEYS}
NO_NULLS = (meant("null join keys", [{"i": 10}, {"i": 12}]),)

USER = 'user = Entity(name="user", join_keys=["user"])\n'
SHOP = 'shop = Entity(name="shop", join_keys=["shop"])\n'
DAY = 'day = Entity(name="day", join_keys=["a_day"])\n'

CASES = (
    *(
        case(f"key {name}", name, pa.array(values, kind), values)
        for name, (kind, values) in KINDS.items()
    ),
    case(
        "key Int64, text in the file", "Int64", pa.array(["1", "2", "007"]), (1, 7, 9), **CONVERTED
    ),
    case("key Int64, int32 in the file", "Int64", pa.array([1, 2, 3], pa.int32()), (1, 3)),
    case("key Int64, floats in the file", "Int64", pa.array([1.0, 2.0, 3.0]), (1, 3)),
    case(
        "key Int64, decimals in the file",
        "Int64",
        pa.array([Decimal(1), Decimal(2), Decimal(3)], pa.decimal128(19, 0)),
        (1, 3),
        **CONVERTED,
    ),
    case("key Int32, int64 in the file", "Int32", pa.array([1, 2, 3]), (1, 3)),
    case(
        "key String, integers in the file", "String", pa.array([1, 2, 3]), ("1", "3"), **CONVERTED
    ),
    case("key Int64, one null", "Int64", pa.array([1, None, 3]), (1, 3), expected=NO_NULLS),
    case(
        "key String, one null", "String", pa.array(["a", None, "c"]), ("a", "c"), expected=NO_NULLS
    ),
    case(
        "key String, categories in the file",
        "String",
        pa.array(["a", "b", "a b"]).dictionary_encode(),
        ("a", "a b"),
    ),
    keyed(
        "two keys",
        USER
        + SHOP
        + view(
            "v",
            "user, shop",
            field("user", "Int64") + field("shop", "String") + field("i", "Int64"),
            "v",
        )
        + 's = FeatureService(name="s", features=[v])\n',
        {"v.parquet": {"user": [1, 1, 2], "shop": ["a", "b", "a"], "i": VALUES}},
        [{"user": 1, "shop": "b"}, {"user": 2, "shop": "a"}, {"user": 2, "shop": "b"}],
    ),
    keyed(
        "three keys of three types",
        USER
        + SHOP
        + DAY
        + view(
            "v",
            "user, day, shop",
            field("user", "Int64")
            + field("a_day", "Int32")
            + field("shop", "String")
            + field("i", "Int64"),
            "v",
        )
        + 's = FeatureService(name="s", features=[v])\n',
        {
            "v.parquet": {
                "user": [1, 1, 2],
                "shop": ["a", "b", "a"],
                "a_day": pa.array([5, 6, 5], pa.int32()),
                "i": VALUES,
            }
        },
        [{"user": 1, "shop": "b", "a_day": 6}, {"user": 2, "shop": "a", "a_day": 5}],
    ),
    keyed(
        "two views of two keys",
        USER
        + SHOP
        + view("v", "user", field("user", "Int64") + field("i", "Int64"), "v")
        + view("w", "shop", field("shop", "String") + field("t", "String"), "w")
        + 's = FeatureService(name="s", features=[v, w])\n',
        {
            "v.parquet": {"user": [1, 2, 3], "i": VALUES},
            "w.parquet": {"shop": ["a", "b"], "t": ["x", "y"]},
        },
        [{"user": 1, "shop": "b"}, {"user": 9, "shop": "a"}],
    ),
    keyed(
        "two views of one key",
        USER
        + view("v", "user", field("user", "Int64") + field("i", "Int64"), "v")
        + view("w", "user", field("user", "Int64") + field("t", "String"), "w")
        + 's = FeatureService(name="s", features=[v, w])\n',
        {
            "v.parquet": {"user": [1, 2, 3], "i": VALUES},
            "w.parquet": {"user": [1, 4], "t": ["x", "y"]},
        },
        [{"user": 1}, {"user": 3}, {"user": 4}],
    ),
    keyed(
        "an entity whose join key has another name",
        'user = Entity(name="person", join_keys=["user_id"])\n'
        + view("v", "user", field("user_id", "Int64") + field("i", "Int64"), "v")
        + 's = FeatureService(name="s", features=[v])\n',
        {"v.parquet": {"user_id": [1, 2, 3], "i": VALUES}},
        [{"user_id": 1}, {"user_id": 3}],
    ),
    keyed(
        "an entity with a value type, its key not in the schema",
        'user = Entity(name="user", value_type=ValueType.INT64)\n'
        + view("v", "user", field("i", "Int64"), "v")
        + 's = FeatureService(name="s", features=[v])\n',
        {"v.parquet": {"user": [1, 2, 3], "i": VALUES}},
        [{"user": 1}, {"user": 3}],
    ),
    keyed(
        "a view without schema, its types inferred",
        USER + view("v", "user", "", "v") + 's = FeatureService(name="s", features=[v])\n',
        {"v.parquet": {"user": [1, 2, 3], "i": VALUES, "t": ["x", None, "y"]}},
        [{"user": 1}, {"user": 2}],
    ),
    keyed(
        "a view without entities",
        view("v", "", field("i", "Int64"), "v") + 's = FeatureService(name="s", features=[v])\n',
        {"v.parquet": {"i": [10]}},
        [{"nobody": 1}],
        expected=(
            Expected("views without entities", UNSERVED, refused="cannot be served"),
            Expected("views without entities", (VERIFY,), rows=()),
        ),
    ),
    keyed(
        "a view under an alias with a join key map",
        USER
        + view("v", "user", field("user", "Int64") + field("i", "Int64"), "v")
        + 's = FeatureService(name="s", features=[v.with_name("giver").with_join_key_map('
        '{"user": "giver_id"})])\n',
        {"v.parquet": {"user": [1, 2, 3], "i": VALUES}},
        [{"giver_id": 1}, {"giver_id": 3}],
        expected=(Expected("renamed views", UNSERVED, refused="cannot be served"),),
    ),
)
