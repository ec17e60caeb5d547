"""A read plan of two views and rows for it, without Feast: person n has values made from n."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from hotplate.online.layout.fields import field_of
from hotplate.protocol.read_plan import (
    FeaturePlan,
    JoinKey,
    ReadPlan,
    ServiceFeature,
    ServicePlan,
    ViewPlan,
)

SERVICE = "scoring_v1"
NOW = datetime.now(UTC)


def _view(name: str, key: JoinKey, features: dict[str, str]) -> ViewPlan:
    plans = (FeaturePlan(f, dtype, field_of(name, f).hex()) for f, dtype in features.items())
    return ViewPlan(name, (key,), tuple(plans), 90 * 86_400)


VIEWS = (
    _view("places", JoinKey("zipcode", "INT64"), {"city": "STRING", "population": "INT64"}),
    _view("people", JoinKey("person", "STRING"), {"due": "INT64", "ratio": "DOUBLE"}),
)
_FEATURES = tuple(ServiceFeature(view.name, f.name) for view in VIEWS for f in view.features)
PLAN = ReadPlan("credit", VIEWS, (), (ServicePlan(SERVICE, _FEATURES),))


def view(name: str) -> ViewPlan:
    return next(view for view in VIEWS if view.name == name)


def people(count: int) -> list[dict[str, Any]]:
    """Return the join keys of as many persons, from 0 on."""
    return [join_keys(n) for n in range(count)]


def join_keys(n: int) -> dict[str, Any]:
    """Return the join keys of person n."""
    return {"zipcode": n, "person": f"person-{n}"}


def expected(n: int) -> dict[str, Any]:
    """Return the features of person n."""
    return {"city": f"city-{n}", "population": n * 1000, "due": n * n, "ratio": n / 7}


def table(name: str, count: int, when: datetime = NOW) -> pa.Table:
    """Return the rows of a view for as many persons, from 0 on."""
    features = [feature.name for feature in view(name).features]
    keys = [key.name for key in view(name).join_keys]
    rows = [{**keys_of, **expected(n)} for n, keys_of in enumerate(people(count))]
    columns = {column: [row[column] for row in rows] for column in [*keys, *features]}
    times = pa.array([when] * count, pa.timestamp("us", tz="UTC"))
    return pa.table({**columns, "event_timestamp": times})
