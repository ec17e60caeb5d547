"""A case under Feast's own store and engine, by `materialize-incremental` as users schedule it."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import redis
from feast import FeatureStore, RepoConfig
from feast.base_feature_view import BaseFeatureView
from feast.data_source import DataSource
from feast.entity import Entity
from feast.feature_service import FeatureService

from equality import canonical
from equality.answer import Answer, Features, answer, named, refused
from equality.case import HTTP, PLUGIN, READERS, SURFACES, TRAINING, VERIFY, WRITTEN, Case
from equality.stored import stored_rows

DATABASE = 1
"""Feast's rows are in a database of their own of the same server."""

_OBJECTS = (Entity, DataSource, BaseFeatureView, FeatureService)


def feast_answers(case: Case, project: str, folder: Path, port: int) -> dict[str, Answer]:
    """Apply, materialize after each step, and ask every surface."""
    try:
        store = feast_store(project, folder, port)
    except ValueError as error:
        return dict.fromkeys(SURFACES, refused(error))
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            case.steps[0](folder / "data")
            store.apply(objects(folder))
            for number, step in enumerate(case.steps):
                if number:
                    step(folder / "data")
                _materialize(store, case)
            push(store, case)
    except Exception as error:  # noqa: BLE001  every error is an answer
        failed = refused(error)
        answers = dict.fromkeys([WRITTEN, PLUGIN, *READERS, VERIFY, HTTP], failed)
        return {**answers, TRAINING: answer(lambda: trained(store, case))}
    client = redis.Redis(port=port, db=DATABASE)
    online = answer(lambda: read(store, case, service_features(store, case)))
    answers = dict.fromkeys([PLUGIN, HTTP], online)
    stored = answer(lambda: read(store, case, stored_features(store, case)))
    answers |= dict.fromkeys(READERS, stored)
    answers[WRITTEN] = answers[VERIFY] = answer(lambda: stored_rows(client, store))
    answers[TRAINING] = answer(lambda: trained(store, case))
    return answers


def feast_store(project: str, folder: Path, port: int) -> Any:
    config = RepoConfig(
        project=project,
        provider="local",
        registry=str(folder / "registry.db"),
        online_store={
            "type": "redis",
            "connection_string": f"127.0.0.1:{port},db={DATABASE}",
        },
        offline_store={"type": "file"},
        entity_key_serialization_version=3,
    )
    config.repo_path = folder.resolve()
    return FeatureStore(config=config)


def objects(folder: Path) -> list[Any]:
    """Return the objects of the definitions, from a module of its own."""
    name = f"feast_side_{folder.parent.name}"
    spec = importlib.util.spec_from_file_location(name, folder / "definitions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(folder))
    working = Path.cwd()
    os.chdir(folder)
    try:
        spec.loader.exec_module(module)
    finally:
        os.chdir(working)
        sys.path.remove(str(folder))
        del sys.modules[name]
    found = [each for each in vars(module).values() if isinstance(each, _OBJECTS)]
    return [each for number, each in enumerate(found) if each not in found[:number]]


def _materialize(store: Any, case: Case) -> None:
    views = [view for view in store.list_all_feature_views() if hasattr(view, "batch_source")]
    names = [view.name for view in views if view.online and view.batch_source is not None]
    for name in names:
        if case.since is None:
            store.materialize_incremental(datetime.now(UTC), [name])
        else:
            store.materialize(case.since, datetime.now(UTC), [name])


def push(store: Any, case: Case) -> None:
    """Write the case's pushed rows as an application does."""
    if case.pushed:
        store.write_to_online_store("v", pd.DataFrame([dict(row) for row in case.pushed]))


def read(store: Any, case: Case, names: set[str]) -> Iterator[tuple[int, Features]]:
    """Yield these features of each row, read online.

    A function of one row gets one: Feast reads only the first of several.
    """
    service = store.get_feature_service(case.service)
    if computes(store, case):
        calls = [[dict(row)] for row in case.rows]
    else:
        calls = [[dict(row) for row in case.rows]]
    full = case.full_names
    answers = (
        store.get_online_features(service, call, full_feature_names=full).to_dict()
        for call in calls
    )
    rows = (
        {name: canonical.online(values[at]) for name, values in found.items() if name in names}
        for call, found in zip(calls, answers, strict=True)
        for at in range(len(call))
    )
    yield from enumerate(rows)


def service_features(store: Any, case: Case) -> set[str]:
    """Return the names of the features that the service serves."""
    return {name for each in _projections(store, case) for name in _names(case, each)}


def stored_features(store: Any, case: Case) -> set[str]:
    """Return those of them that no on-demand view computes."""
    computed = computes(store, case)
    return {
        name
        for each in _projections(store, case)
        if each.name not in computed
        for name in _names(case, each)
    }


def _names(case: Case, projection: Any) -> list[str]:
    view = projection.name_to_use() + "__" if case.full_names else ""
    return [view + field.name for field in projection.features]


def computes(store: Any, case: Case) -> set[str]:
    """Return the names of the service's on-demand views."""
    on_demand = {view.name for view in store.list_on_demand_feature_views()}
    return on_demand & {each.name for each in _projections(store, case)}


def _projections(store: Any, case: Case) -> list[Any]:
    return list(store.get_feature_service(case.service).feature_view_projections)


def trained(store: Any, case: Case) -> Iterator[tuple[int, Features]]:
    """Yield the features of each row as of now, point in time."""
    service = store.get_feature_service(case.service)
    entities = pd.DataFrame([dict(row) for row in case.rows])
    entities["label_row"] = range(len(entities))
    entities["event_timestamp"] = pd.Timestamp(datetime.now(UTC))
    frame = store.get_historical_features(
        entities, service, full_feature_names=case.full_names
    ).to_df()
    names = service_features(store, case)
    for row in frame.sort_values("label_row").to_dict("records"):
        yield row["label_row"], {name: canonical.offline(named(row, name)) for name in names}
