"""A Feast store with views of every shape, and the read plan of them, for tests and benchmarks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import (
    Array,
    Bool,
    Bytes,
    Float32,
    Float64,
    Int32,
    Int64,
    String,
    UnixTimestamp,
)
from feast.value_type import ValueType

from hotplate.online.layout.fields import field_of
from hotplate.protocol.read_plan import (
    FeaturePlan,
    JoinKey,
    ReadPlan,
    ServiceFeature,
    ServicePlan,
    ViewPlan,
)

PROJECT = "credit"
SERVICE = "everything"
NOW = datetime.now(UTC).replace(microsecond=0)

SCALARS = {
    "a_bytes": Bytes,
    "a_string": String,
    "an_int32": Int32,
    "an_int64": Int64,
    "a_double": Float64,
    "a_float": Float32,
    "a_bool": Bool,
    "a_time": UnixTimestamp,
}
LISTS = {
    "strings": Array(String),
    "int64s": Array(Int64),
    "int32s": Array(Int32),
    "doubles": Array(Float64),
    "floats": Array(Float32),
    "bools": Array(Bool),
    "times": Array(UnixTimestamp),
}
LOAN = {"city": String, "population": Int64}


def entities() -> list[Entity]:
    return [
        Entity(name="zipcode", value_type=ValueType.INT64),
        Entity(name="person", value_type=ValueType.STRING),
        Entity(name="branch", value_type=ValueType.INT32),
    ]


def feature_view(
    name: str, keys: list[Entity], features: dict[str, Any], ttl: timedelta, folder: Path
) -> FeatureView:
    path = folder / f"{name}.parquet"
    dtypes = {"zipcode": Int64, "person": String, "branch": Int32}
    return FeatureView(
        name=name,
        entities=keys,
        ttl=ttl,
        schema=[Field(name=key.name, dtype=dtypes[key.name]) for key in keys]
        + [Field(name=feature, dtype=dtype) for feature, dtype in features.items()],
        source=FileSource(name=f"{name}_source", path=str(path), timestamp_field="event_timestamp"),
    )


def feature_views(folder: Path) -> list[FeatureView]:
    zipcode, person, branch = entities()
    return [
        feature_view("places", [zipcode], LOAN, timedelta(days=3650), folder),
        feature_view("scalars", [person], SCALARS, timedelta(days=90), folder),
        feature_view("lists", [person, zipcode, branch], LISTS, timedelta(0), folder),
    ]


def repo_config(folder: Path, port: int, **online: Any) -> RepoConfig:
    return RepoConfig(
        project=PROJECT,
        provider="local",
        registry=str(folder / "registry.db"),
        entity_key_serialization_version=3,
        offline_store={"type": "file"},
        online_store={"type": "redis", "connection_string": f"127.0.0.1:{port}"} | online,
        repo_path=folder,
    )


def feast_store(folder: Path, port: int, **online: Any) -> FeatureStore:
    """Return a store with the views applied."""
    for view in ("places", "scalars", "lists"):
        empty = pd.DataFrame({"event_timestamp": pd.to_datetime([], utc=True)})
        empty.to_parquet(folder / f"{view}.parquet")
    store = FeatureStore(config=repo_config(folder, port, **online))
    views = feature_views(folder)
    store.apply([*entities(), *views, FeatureService(name=SERVICE, features=views)])
    return store


def read_plan(store: FeatureStore) -> ReadPlan:
    views = tuple(view_plan(view) for view in store.list_feature_views())
    features = tuple(ServiceFeature(view.name, f.name) for view in views for f in view.features)
    return ReadPlan(store.project, views, (), (ServicePlan(SERVICE, features),))


def view_plan(view: FeatureView) -> ViewPlan:
    keys = tuple(JoinKey(c.name, c.dtype.to_value_type().name) for c in view.entity_columns)
    features = tuple(
        FeaturePlan(f.name, f.dtype.to_value_type().name, field_of(view.name, f.name).hex())
        for f in view.features
    )
    return ViewPlan(view.name, keys, features, int(view.ttl.total_seconds()))


def arrow(view: FeatureView, rows: list[dict[str, Any]]) -> pa.Table:
    """Return rows as a table of the types that a view's parquet file would have."""
    return pa.Table.from_pylist(rows, schema=arrow_schema(view))


def arrow_schema(view: FeatureView) -> pa.Schema:
    columns = [(c.name, c.dtype) for c in view.entity_columns]
    columns += [(f.name, f.dtype) for f in view.features]
    times = ("event_timestamp", pa.timestamp("us", tz="UTC"))
    return pa.schema([times, *((name, _arrow_type(dtype)) for name, dtype in columns)])


def _arrow_type(dtype: Any) -> pa.DataType:
    if isinstance(dtype, Array):
        return pa.list_(_arrow_type(dtype.base_type))
    return {
        Bytes: pa.binary(),
        String: pa.string(),
        Int32: pa.int32(),
        Int64: pa.int64(),
        Float64: pa.float64(),
        Float32: pa.float32(),
        Bool: pa.bool_(),
        UnixTimestamp: pa.timestamp("us", tz="UTC"),
    }[dtype]


def feature_store_yaml(folder: Path, online_type: str, connection_string: str) -> None:
    """Write a repository's configuration as a user of Feast would."""
    (folder / "feature_store.yaml").write_text(
        f"project: {PROJECT}\nprovider: local\nregistry: registry.db\n"
        "entity_key_serialization_version: 3\noffline_store:\n  type: file\n"
        f"online_store:\n  type: {online_type}\n  connection_string: {connection_string}\n"
    )
