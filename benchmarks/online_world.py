"""Rows of the credit scoring views on one online store, and readers of every kind upon them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import Int64, String
from feast.value_type import ValueType

from hotplate.online.connection.config import Connection
from hotplate.online.layout.fields import field_of
from hotplate.online.write.frames import WriteOptions
from hotplate.online.write.writer import write
from hotplate.protocol.read_plan import (
    FeaturePlan,
    JoinKey,
    ReadPlan,
    ServiceFeature,
    ServicePlan,
    ViewPlan,
)

PROJECT, SERVICE = "credit_scoring", "credit_scoring_v1"
NOW = datetime.now(UTC).replace(microsecond=0)
PLACES = {
    "city": "STRING",
    "state": "STRING",
    "location_type": "STRING",
    "tax_returns_filed": "INT64",
    "population": "INT64",
    "total_wages": "INT64",
}
HISTORY = {
    "credit_card_due": 10_000,
    "mortgage_due": 1_000_000,
    "student_loan_due": 50_000,
    "vehicle_loan_due": 30_000,
    "hard_pulls": 10,
    "missed_payments_2y": 12,
    "missed_payments_1y": 6,
    "missed_payments_6m": 3,
    "bankruptcies": 3,
}
ZIPCODES = 28_844


def person(n: int) -> str:
    return f"{1940 + n % 60}{n % 12 + 1:02}{n % 28 + 1:02}_{n:07}"


def keys(n: int, persons: int) -> dict[str, Any]:
    """Return the join keys of a decision; consecutive numbers lie far apart."""
    return {"zipcode": n * 7919 % ZIPCODES, "dob_ssn": person(n * 104_729 % persons)}


def view_plans() -> tuple[ViewPlan, ViewPlan]:
    features = {
        "zipcode_features": PLACES,
        "credit_history": dict.fromkeys(HISTORY, "INT64"),
    }
    key = {
        "zipcode_features": JoinKey("zipcode", "INT64"),
        "credit_history": JoinKey("dob_ssn", "STRING"),
    }
    ttl = {"zipcode_features": 3650 * 86_400, "credit_history": 90 * 86_400}
    places, history = (
        ViewPlan(
            view,
            (key[view],),
            tuple(FeaturePlan(n, dtype, field_of(view, n).hex()) for n, dtype in names.items()),
            ttl[view],
        )
        for view, names in features.items()
    )
    return places, history


def read_plan() -> ReadPlan:
    views = view_plans()
    features = tuple(ServiceFeature(view.name, f.name) for view in views for f in view.features)
    return ReadPlan(PROJECT, views, (), (ServicePlan(SERVICE, features),))


def places() -> pa.Table:
    chance = np.random.default_rng(1)
    numbers = range(ZIPCODES)
    return pa.table(
        {
            "zipcode": pa.array(numbers, pa.int64()),
            "event_timestamp": _times(ZIPCODES),
            "city": [f"CITY {n % 9861}" for n in numbers],
            "state": [f"S{n % 50}" for n in numbers],
            "location_type": ["PRIMARY"] * ZIPCODES,
            "tax_returns_filed": chance.integers(0, 30_000, ZIPCODES),
            "population": chance.integers(0, 100_000, ZIPCODES),
            "total_wages": chance.integers(0, 3_000_000_000, ZIPCODES),
        }
    )


def history(persons: int) -> pa.Table:
    chance = np.random.default_rng(2)
    return pa.table(
        {
            "dob_ssn": [person(n) for n in range(persons)],
            "event_timestamp": _times(persons),
            **{name: chance.integers(0, top, persons) for name, top in HISTORY.items()},
        }
    )


def _times(rows: int) -> pa.Array:
    return pa.array([NOW - timedelta(hours=1)] * rows, pa.timestamp("us", tz="UTC"))


def fill(connection: Connection, persons: int) -> None:
    """Write both views; the event times of their rows differ by seconds."""
    options = WriteOptions(skip_dedup=True)
    for view, table in zip(view_plans(), (places(), history(persons)), strict=True):
        at = table.schema.get_field_index("event_timestamp")
        times = [NOW - timedelta(seconds=3600 + n * 7919 % 72_000) for n in range(table.num_rows)]
        column = pa.array(times, pa.timestamp("us", tz="UTC"))
        write(connection, view, PROJECT, table.set_column(at, "event_timestamp", column), options)


@contextmanager
def feast_store(**online: Any) -> Iterator[FeatureStore]:
    """Yield a Feast store of these views; `online` are options of its online store."""
    with tempfile.TemporaryDirectory() as folder:
        store = FeatureStore(config=repo_config(Path(folder), **online))
        store.apply(definitions(Path(folder)))
        yield store


def repo_config(folder: Path, **online: Any) -> RepoConfig:
    return RepoConfig(
        project=PROJECT,
        provider="local",
        registry={"path": str(folder / "registry.db"), "cache_ttl_seconds": 0},
        entity_key_serialization_version=3,
        offline_store={"type": "file"},
        online_store={"type": "redis"} | online,
        repo_path=folder,
    )


def definitions(folder: Path) -> list[Any]:
    views = []
    kinds = {"zipcode": (Int64, ValueType.INT64), "dob_ssn": (String, ValueType.STRING)}
    dtypes = {"STRING": String, "INT64": Int64}
    entities = [Entity(name=name, value_type=kind) for name, (_, kind) in kinds.items()]
    for plan, entity in zip(view_plans(), entities, strict=True):
        path = folder / f"{plan.name}.parquet"
        if not path.exists():
            pd.DataFrame({"event_timestamp": pd.to_datetime([], utc=True)}).to_parquet(path)
        schema = [Field(name=entity.name, dtype=kinds[entity.name][0])]
        schema += [Field(name=f.name, dtype=dtypes[f.dtype]) for f in plan.features]
        source = FileSource(name=plan.name, path=str(path), timestamp_field="event_timestamp")
        views.append(
            FeatureView(
                name=plan.name,
                entities=[entity],
                ttl=timedelta(seconds=plan.ttl_seconds),
                schema=schema,
                source=source,
            )
        )
    return [*entities, *views, FeatureService(name=SERVICE, features=views)]
