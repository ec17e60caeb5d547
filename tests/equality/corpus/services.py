"""Feature services of every shape, and on-demand feature views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from equality.case import HTTP, IMPORTS, READERS, SURFACES, TRAINING, Case, Expected, Row, meant
from equality.corpus.keys import USER, field, view
from equality.differences import ON_DEMAND
from equality.tables import files

V = view("v", "user", field("user", "Int64") + field("i", "Int64") + field("x", "Float64"), "v")
W = view("w", "user", field("user", "Int64") + field("j", "Int64"), "w")
ROWS = ({"user": 1}, {"user": 2}, {"user": 3}, {"user": 9})
TABLES: Mapping[str, Mapping[str, Any]] = {
    "v.parquet": {"user": [1, 2, 3], "i": [10, 20, None], "x": [0.5, -1.5, 2.0]},
    "w.parquet": {"user": [1, 2], "j": [5, 6]},
}
FULL = ({"user": 1}, {"user": 2})
"""Rows without a null."""


def case(name: str, text: str, rows: Sequence[Row] = ROWS, **more: Any) -> Case:
    more = {"trained_as_served": ON_DEMAND if "on_demand_feature_view(" in text else None} | more
    return Case(name, IMPORTS + USER + V + W + text, (files(TABLES),), tuple(rows), **more)


def unserved(difference: str, *surfaces: str) -> Mapping[str, Any]:
    """Return the option `expected` of a case that no scoring process reads."""
    return {"expected": (Expected(difference, surfaces or (*READERS, HTTP, TRAINING), refused=""),)}


def service(features: str, name: str = "s") -> str:
    return f'\n{name} = FeatureService(name="{name}", features=[{features}])\n'


def asked(**fields: str) -> str:
    listed = "".join(field(name, dtype) for name, dtype in fields.items())
    return f'\nasked = RequestSource(name="asked", schema=[{listed}])\n'


def on_demand(body: str, **more: str) -> str:
    """Return an on-demand view `d` of one row, whose function is `body`."""
    outputs = more.get("outputs", field("y", "Float64"))
    name = more.get("name", "d")
    return f"""
@on_demand_feature_view(sources=[{more.get("sources", "v, asked")}], schema=[{outputs}],
    mode="python", singleton=True)
def {name}(inputs):
    {body}
"""


STORED = ({"i": 10, "x": 0.5}, {"i": 20, "x": -1.5})

NAMESAKE = "request fields with a feature's name"
OF_REQUEST = ({**STORED[0], "j": 5, "y": 50.0}, {**STORED[1], "j": 6, "y": -150.0})

GUARDED = 'return {"y": None if inputs["i"] is None else inputs["i"] * inputs["amount"]}'
AMOUNT = asked(amount="Float64")
WITH_AMOUNT = tuple({**row, "amount": 2.5 + row["user"]} for row in ROWS)
FULL_WITH_AMOUNT = WITH_AMOUNT[:2]

Z = field("z", "Float64")
TRANSFORMED = """
def twice(rows):
    return rows.assign(i=rows["i"] * 2)
v = BatchFeatureView(name="v", entities=[user], ttl=timedelta(days=60), mode="pandas", udf=twice,
    schema=[Field(name="user", dtype=Int64), Field(name="i", dtype=Int64)], online=True,
    source=FileSource(name="v", path="data/v.parquet", timestamp_field="event_timestamp"))
"""
COMPUTED = AMOUNT + on_demand(GUARDED)

PANDAS = """
import pandas as pd
@on_demand_feature_view(sources=[v], schema=[Field(name="twice", dtype=Int64)])
def doubled(df: pd.DataFrame) -> pd.DataFrame:
    out = pd.DataFrame()
    out["twice"] = df["i"] * 2
    return out
"""

CASES = (
    case("some features of a view", service('v[["x"]]')),
    case("some features of two views", service('v[["x"]], w[["j"]]')),
    case("two services over one view", service("v") + service('v[["i"]]', "other")),
    case("a view that no service has", service("w")),
    Case(
        "a project with a dash",
        IMPORTS + USER + V + service("v"),
        (files(TABLES),),
        ROWS,
        project="my-case",
    ),
    Case(
        "a project with capitals",
        IMPORTS + USER + V + service("v"),
        (files(TABLES),),
        ROWS,
        project="MyCase",
    ),
    case(
        "an on-demand view of a request",
        AMOUNT + on_demand(GUARDED) + service("v, d"),
        FULL_WITH_AMOUNT,
    ),
    case(
        "an on-demand view of nulls",
        AMOUNT + on_demand(GUARDED) + service("v, d"),
        WITH_AMOUNT,
    ),
    case(
        "an on-demand view alone in its service",
        AMOUNT + on_demand(GUARDED) + service("d"),
        FULL_WITH_AMOUNT,
    ),
    case(
        "an on-demand view of two views",
        on_demand('return {"y": inputs["x"] + inputs["j"]}', sources="v, w") + service("d, w"),
        FULL,
    ),
    case(
        "an on-demand view of some features",
        on_demand('return {"y": inputs["x"] * 2}', sources='v[["x"]]') + service("d"),
        FULL,
    ),
    case(
        "an on-demand view of integers and text",
        on_demand(
            'return {"y": inputs["i"] * 2, "t": f"{inputs[\'i\']}"}',
            sources="v",
            outputs=field("y", "Int64") + field("t", "String"),
        )
        + service("d"),
        FULL,
    ),
    case(
        "two on-demand views",
        on_demand('return {"y": inputs["x"] * 2}', sources="v")
        + on_demand(
            'return {"z": inputs["j"] + 0.5}', sources="w", name="e", outputs=field("z", "Float64")
        )
        + service("d, e"),
        FULL,
    ),
    case(
        "an on-demand view that is null for some requests",
        AMOUNT
        + on_demand('return {"y": None if inputs["amount"] > 4 else inputs["amount"] * 2}')
        + service("v, d"),
        FULL_WITH_AMOUNT,
    ),
    case(
        "an on-demand view that fails for one row",
        AMOUNT + on_demand('return {"y": 1 / (inputs["amount"] - 3.5)}') + service("v, d"),
        FULL_WITH_AMOUNT,
        expected=(
            meant("on-demand views that fail", STORED, *READERS),
            meant(
                "on-demand views that fail",
                [{**STORED[0], "y": None}, {**STORED[1], "y": 1.0}],
                HTTP,
            ),
        ),
    ),
    case(
        "a request field named like a feature of a view in no service",
        asked(j="Float64") + on_demand('return {"y": inputs["x"] * inputs["j"]}') + service("v, d"),
        tuple({**row, "j": 100.0} for row in FULL),
    ),
    case(
        "a request field named like a feature of a view in the service",
        asked(j="Int64")
        + on_demand('return {"y": inputs["x"] * inputs["j"]}')
        + service("v, w, d"),
        tuple({**row, "j": 100} for row in FULL),
        expected=(
            meant(NAMESAKE, [{**row, "j": 5 + n} for n, row in enumerate(STORED)], *READERS),
            meant(NAMESAKE, OF_REQUEST, HTTP),
            Expected(NAMESAKE, (TRAINING,), refused="both have j"),
        ),
    ),
    case(
        "another service has an on-demand view in pandas mode",
        PANDAS + service("v") + service("v, doubled", "other"),
    ),
    case(
        "an on-demand view in pandas mode",
        PANDAS + service("v, doubled"),
        FULL,
        **unserved("on-demand views in pandas mode"),
    ),
    Case(
        "equal names in two views, one served",
        IMPORTS
        + USER
        + V
        + view("w", "user", field("user", "Int64") + field("x", "Float64"), "w")
        + service("w"),
        (files({**TABLES, "w.parquet": {"user": [1, 2], "x": [7.5, 8.5]}}),),
        FULL,
    ),
    Case(
        "equal names in two views, one computed from",
        IMPORTS
        + USER
        + V
        + view("w", "user", field("user", "Int64") + field("x", "Float64"), "w")
        + on_demand('return {"y": inputs["x"] * 2}', sources="v")
        + service("w, d"),
        (files({**TABLES, "w.parquet": {"user": [1, 2], "x": [7.5, 8.5]}}),),
        FULL,
        full_names=True,
        expected=(
            meant(
                "on-demand views by full names",
                [{"w__x": 7.5, "d__y": 1.0}, {"w__x": 8.5, "d__y": -3.0}],
                *(HTTP, TRAINING),
            ),
        ),
    ),
    Case(
        "a view that is not online in the service",
        IMPORTS
        + USER
        + V
        + view("w", "user", field("user", "Int64") + field("j", "Int64"), "w", ", online=False")
        + service("v, w"),
        (files(TABLES),),
        FULL,
        **unserved("views that are not online"),
    ),
    Case(
        "a view that is not online in no service",
        IMPORTS
        + USER
        + V
        + view("w", "user", field("user", "Int64") + field("j", "Int64"), "w", ", online=False")
        + service("v"),
        (files(TABLES),),
        ROWS,
    ),
    Case(
        "an empty file",
        IMPORTS + USER + V + service("v"),
        (
            files(
                {
                    "v.parquet": {
                        "user": pa.array([], pa.int64()),
                        "i": pa.array([], pa.int64()),
                        "x": pa.array([], pa.float64()),
                        "event_timestamp": pa.array([], pa.timestamp("us", "UTC")),
                    }
                }
            ),
        ),
        ROWS,
        empty=True,
    ),
    Case(
        "a view with a transformation",
        IMPORTS + "from feast import BatchFeatureView\n" + USER + TRANSFORMED + service("v"),
        (files(TABLES),),
        FULL,
        **unserved("views that are refused", *SURFACES),
    ),
)
