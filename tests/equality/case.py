"""A case: a small Feast repository, its files, and the rows to ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
"""The event time of a case's rows, unless the case is about times."""

WRITTEN, TRAINING, PLUGIN, VERIFY, HTTP = "written", "training", "plugin", "verify", "http"
READERS = ("sync 1", "sync 100", "aio 1", "aio 100")
SERVED = (WRITTEN, PLUGIN, *READERS, HTTP)
SURFACES = (WRITTEN, TRAINING, PLUGIN, *READERS, VERIFY, HTTP)

Row = Mapping[str, Any]
Write = Callable[[Path], None]


@dataclass(frozen=True)
class Expected:
    """What Hotplate answers where that is not what Feast answers, by the name of the difference.

    `rows` has the features of each row of the case; `refused` is a part of a refusal.
    """

    difference: str
    surfaces: tuple[str, ...]
    rows: tuple[Row, ...] | None = None
    refused: str | None = None


def meant(difference: str, rows: Sequence[Row], *surfaces: str) -> Expected:
    """Return the features that are meant, by default on every surface where rows are served."""
    return Expected(difference, surfaces or SERVED, tuple(rows))


@dataclass(frozen=True)
class Case:
    """A repository; each of `steps` writes its files, and is followed by a materialization.

    The rows of `pushed` are then written to the online store of view `v`.
    With `full_names` features are asked for as `view__feature`, as Feast needs it for equal names.
    A case is `empty` where it is right that nothing is served. `trained_as_served` names the
    difference where Hotplate may train on what Feast serves instead of what Feast trains on.
    Materialization starts at `since`, by default where Feast's starts.
    """

    name: str
    definitions: str
    steps: tuple[Write, ...]
    rows: tuple[Row, ...]
    service: str = "s"
    project: str | None = None
    pushed: tuple[Row, ...] = ()
    empty: bool = False
    full_names: bool = False
    trained_as_served: str | None = None
    since: datetime | None = None
    expected: tuple[Expected, ...] = field(default=())


def definitions(features: Mapping[str, str], **options: str) -> str:
    """Return a repository of one view `v`, keyed by `user`, and a service `s` of it.

    The features are their types by name. Options are `key`, a type; `ttl`, `source` and `view`,
    expressions.
    """
    key = options.get("key", "Int64")
    fields = "".join(f'Field(name="{name}", dtype={each}), ' for name, each in features.items())
    return f"""{IMPORTS}
user = Entity(name="user", join_keys=["user"])
v = FeatureView(name="v", entities=[user], ttl={options.get("ttl", "timedelta(days=60)")},
    schema=[Field(name="user", dtype={key}), {fields}],{options.get("view", "")}
    source=FileSource(name="v", path="data/v.parquet", timestamp_field="event_timestamp",
        {options.get("source", "")}))
s = FeatureService(name="s", features=[v])
"""


IMPORTS = """
from datetime import timedelta
from feast import Entity, FeatureService, FeatureView, Field, FileSource, RequestSource, ValueType
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import *
"""
