"""A small Feast repository with data and labels, and the workspace of jobs on it, for tests."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import redis

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.jobs import Workspace
from support.api.resources import feature_store, model_deployment

PROJECT = "shops"
SERVICE = "shop_risk"
PERSONS, PLACES, LABELS = 300, 20, 1200

DEFINITIONS = """
from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Float64, Int64, String

person = Entity(name="person", value_type=ValueType.STRING)
place = Entity(name="place", value_type=ValueType.INT64)

habits = FeatureView(
    name="habits",
    entities=[person],
    ttl=timedelta(days=60),
    schema=[
        Field(name="person", dtype=String),
        Field(name="visits", dtype=Int64),
        Field(name="spent", dtype=Float64),
    ],
    source=FileSource(name="habits", path="data/habits.parquet", timestamp_field="event_timestamp"),
)
surroundings = FeatureView(
    name="surroundings",
    entities=[place],
    ttl=timedelta(days=400),
    schema=[
        Field(name="place", dtype=Int64),
        Field(name="district", dtype=String),
        Field(name="shops", dtype=Int64),
    ],
    source=FileSource(
        name="surroundings", path="data/surroundings.parquet", timestamp_field="event_timestamp"
    ),
)


@on_demand_feature_view(
    sources=[habits],
    schema=[Field(name="spent_per_visit", dtype=Float64)],
    mode="python",
    singleton=True,
)
def thrift(inputs):
    \"\"\"Divide what was spent by visits.\"\"\"
    spent, visits = inputs["spent"], inputs["visits"]
    if spent is None or visits is None:
        return {"spent_per_visit": None}
    return {"spent_per_visit": spent / (visits + 1)}


shop_risk = FeatureService(name="shop_risk", features=[habits, surroundings, thrift])
"""


@dataclass(frozen=True)
class SmallRepository:
    """A repository's folder, the embedded store and a model store."""

    folder: Path
    store: str

    def workspace(self, **spec: Any) -> Workspace:
        """Return the workspace; keywords are fields of the FeatureStore's spec."""
        return Workspace(shop_store(**spec), self.folder / "repo", self.store, self.folder / "home")

    def define(self, text: str = DEFINITIONS, name: str = "definitions.py") -> None:
        """Write a definition file."""
        (self.folder / "repo" / name).write_text(text)

    def redefine(self, old: str, new: str) -> None:
        """Change the definitions."""
        assert old in DEFINITIONS
        self.define(DEFINITIONS.replace(old, new))


def shop_store(**spec: Any) -> FeatureStore:
    """Return the FeatureStore resource of the small repository."""
    return feature_store("shops", **{"project": PROJECT, **spec})


def shop_model(**training: Any) -> ModelDeployment:
    """Return the ModelDeployment resource; keywords are fields of its training."""
    complete = {
        "labels": {"path": "data/labels.parquet", "target": "lost", "exclude": ["label_id"]},
        "tree": {"maxDepth": 5, "minSamplesLeaf": 10},
        **training,
    }
    return model_deployment(
        "shop-risk",
        featureStoreRef={"name": "shops"},
        featureService=SERVICE,
        training=complete,
    )


def make_repository(folder: Path, store: str) -> SmallRepository:
    """Write the repository and its data; the newest rows are minutes old."""
    data = folder / "repo" / "data"
    data.mkdir(parents=True)
    now = datetime.now(UTC).replace(microsecond=0)
    random = np.random.default_rng(7)
    habits = _habits(random, now)
    habits.to_parquet(data / "habits.parquet")
    _surroundings(now).to_parquet(data / "surroundings.parquet")
    _labels(random, habits, now).to_parquet(data / "labels.parquet")
    repository = SmallRepository(folder, store)
    repository.define()
    return repository


def person(number: int) -> str:
    """Return a join key."""
    return f"p{number:04d}"


def _habits(random: np.random.Generator, now: datetime) -> pd.DataFrame:
    """Return three monthly rows of each person; half of the newest are a minute old."""
    times = [now - timedelta(days=61), now - timedelta(days=31), now - timedelta(minutes=1)]
    return pd.concat(
        pd.DataFrame(
            {
                "person": [person(number) for number in range(PERSONS)],
                "visits": random.integers(0, 50, PERSONS),
                "spent": random.random(PERSONS) * 100,
                "event_timestamp": pd.Timestamp(time),
            }
        )
        for time in times
    ).reset_index(drop=True)


def _surroundings(now: datetime) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "place": range(PLACES),
            "district": [f"district {number % 4}" for number in range(PLACES)],
            "shops": [number * 3 for number in range(PLACES)],
            "event_timestamp": pd.Timestamp(now - timedelta(days=200)),
        }
    )


def _labels(random: np.random.Generator, habits: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Return labels of the last month; visits 30 days ago and the mood decide them, with noise."""
    before = habits.iloc[PERSONS : 2 * PERSONS]["visits"].to_numpy()
    who = random.integers(0, PERSONS, LABELS)
    mood = random.choice(["bad", "fair", "good"], LABELS)
    score = before[who] / 50 + (mood == "good") * 0.6 + random.normal(0, 0.25, LABELS)
    ages = np.sort(random.random(LABELS) * 29)[::-1]
    return pd.DataFrame(
        {
            "label_id": range(LABELS),
            "person": [person(number) for number in who],
            "place": random.integers(0, PLACES, LABELS),
            "mood": mood,
            "basket": random.random(LABELS) * 50,
            "lost": (score < 0.6).astype(int),
            "event_timestamp": [pd.Timestamp(now - timedelta(days=age)) for age in ages],
            "created_timestamp": pd.Timestamp(now),
        }
    )


@contextmanager
def full(valkey: redis.Redis) -> Iterator[None]:
    """Let the store have room for a few rows more, and no others."""
    valkey.config_set("maxmemory", valkey.info("memory")["used_memory"] + 20_000)
    try:
        yield
    finally:
        valkey.config_set("maxmemory", 0)


def run_killed(step: str, workspace: Workspace, view: str) -> int:
    """Materialize in a process that kills itself at a step; return its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hotplate.jobs.tasks.materialize"])
    process = context.Process(target=materialize_and_die, args=(step, workspace, view))
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def materialize_and_die(step: str, workspace: Workspace, view: str) -> None:
    """Materialize, and end this process by SIGKILL at the step."""
    materialization = import_module("hotplate.jobs.tasks.materialize")
    row_writer = import_module("hotplate.jobs.offline.row_writer")

    def die(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    write = row_writer.write

    def write_half(online: Any, plan: Any, project: str, rows: Any, options: Any) -> None:
        table = pa.Table.from_batches([*rows])
        write(online, plan, project, table.slice(0, table.num_rows // 2), options)
        die()

    def write_all(*arguments: Any) -> None:
        write(*arguments)
        die()

    steps = {
        "before pulling": (materialization, "latest_rows", die),
        "before writing": (row_writer, "write", die),
        "in mid-write": (row_writer, "write", write_half),
        "before the watermark": (row_writer, "write", write_all),
        "after the watermark": (materialization, "MaterializeResult", die),
    }
    setattr(*steps[step])
    materialization.run(workspace, view)
