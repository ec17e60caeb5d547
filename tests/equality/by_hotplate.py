"""A case under Hotplate: the functions of its Jobs, its training table, plugin and both readers."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import redis

from equality import canonical
from equality.answer import Answer, Features, answer, named, refused
from equality.by_feast import push, read, service_features, stored_features
from equality.case import PLUGIN, READERS, SURFACES, TRAINING, VERIFY, WRITTEN, Case, Row
from equality.stored import stored_rows
from hotplate import jobs
from hotplate.api.v1alpha1.training import Labels
from hotplate.jobs import ApplyResult, Window, Workspace
from hotplate.jobs.repository.session import connected
from hotplate.jobs.training.labels import training_table
from hotplate.model.artifact_store import artifact_store
from hotplate.online import Connection, OnlineReader
from hotplate.online.blocking.reader import SyncOnlineReader
from hotplate.protocol.read_plan import ReadPlan
from support.api.resources import feature_store
from support.feast.user_process import user_process

MANY = 100
LABELS = "labels.parquet"
_DEADLINE = 10.0


@dataclass(frozen=True)
class Served:
    """What a scoring process needs of a case, and the features of its service."""

    case: Case
    plan: ReadPlan
    served: tuple[str, ...]


@dataclass(frozen=True)
class HotplateSide:
    """A case's workspace after its Jobs."""

    case: Case
    workspace: Workspace
    plan: ReadPlan
    store: Any

    @property
    def connection(self) -> Connection:
        return Connection.from_url(self.workspace.embedded)


def hotplate_answers(
    case: Case, project: str, folder: Path, url: str
) -> tuple[dict[str, Answer], Served | None]:
    """Run the Jobs as `hotplate job` does, and ask every surface."""
    try:
        resource = feature_store("case", project=project)
        workspace = Workspace(resource, folder, url, folder.parent / "home")
        with contextlib.redirect_stdout(io.StringIO()):
            case.steps[0](folder / "data")
            applied = jobs.apply(workspace)
            failures = dict(_materialized(case, workspace, applied))
            side = _side(case, workspace, applied)
            push(side.store, case)
    except Exception as error:  # noqa: BLE001  every error is an answer
        return dict.fromkeys(SURFACES, refused(error)), None
    answers = _answers(side)
    if failures:
        answers |= dict.fromkeys(set(answers) - {TRAINING}, next(iter(failures.values())))
        return answers, None
    return answers, Served(case, side.plan, tuple(service_features(side.store, case)))


def _materialized(
    case: Case, workspace: Workspace, applied: ApplyResult
) -> Iterator[tuple[str, Answer]]:
    """Materialize after each step; yield the views that fail."""
    for number, step in enumerate(case.steps):
        if number:
            step(workspace.definitions / "data")
        for view in applied.views:
            try:
                jobs.materialize(workspace, view, _window(case))
            except Exception as error:  # noqa: BLE001  every error is an answer
                yield view, refused(error)


def _window(case: Case) -> Window | None:
    return None if case.since is None else Window(start=case.since)


def _side(case: Case, workspace: Workspace, applied: ApplyResult) -> HotplateSide:
    plan = ReadPlan.from_json(artifact_store(workspace.artifact_url).get(applied.read_plan))
    return HotplateSide(case, workspace, plan, connected(workspace))


def _answers(side: HotplateSide) -> dict[str, Answer]:
    case, store = side.case, side.store
    client = redis.Redis.from_url(side.workspace.embedded)
    many = [case.rows[number % len(case.rows)] for number in range(MANY)]
    answers = {
        WRITTEN: answer(lambda: stored_rows(client, store)),
        TRAINING: answer(lambda: _trained(side)),
        PLUGIN: answer(lambda: _plugin(side)),
        "sync 1": answer(lambda: _sync(side, [[row] for row in case.rows])),
        "sync 100": answer(lambda: _sync(side, [many])),
        "aio 1": answer(lambda: _aio(side, [[row] for row in case.rows])),
        "aio 100": answer(lambda: _aio(side, [many])),
        VERIFY: answer(lambda: _verified(side)),
    }
    if not stored_features(store, case):
        answers = {surface: said for surface, said in answers.items() if surface not in READERS}
    return answers


def _plugin(side: HotplateSide) -> Iterator[tuple[int, Features]]:
    with user_process():
        names = service_features(side.store, side.case)
        yield from read(side.store, side.case, names)


def _sync(side: HotplateSide, calls: Sequence[Sequence[Row]]) -> Iterator[tuple[int, Features]]:
    with closing(SyncOnlineReader(side.plan, side.case.service, side.connection)) as reader:
        rows = [row for call in calls for row in reader.read(call, _DEADLINE)]
    return _features(side, rows)


def _aio(side: HotplateSide, calls: Sequence[Sequence[Row]]) -> Iterator[tuple[int, Features]]:
    async def ask() -> list[Any]:
        reader = OnlineReader(side.plan, side.case.service, side.connection)
        try:
            return [row for call in calls for row in await reader.read(call, _DEADLINE)]
        finally:
            await reader.close()

    return _features(side, asyncio.run(ask()))


def _features(side: HotplateSide, rows: Sequence[Any]) -> Iterator[tuple[int, Features]]:
    """Yield the stored features of the service; repeated rows must read alike."""
    names = stored_features(side.store, side.case)
    asked = len(side.case.rows)
    for number, row in enumerate(rows):
        read_here = {name: canonical.online(named(row.values, name)) for name in names}
        again = rows[number % asked].values
        first = {name: canonical.online(named(again, name)) for name in names}
        alike = all(canonical.same(value, first[name]) for name, value in read_here.items())
        yield number % asked if alike else number, read_here


def _trained(side: HotplateSide) -> Iterator[tuple[int, Features]]:
    """Yield the features of Hotplate's training table, of rows with nulls as well.

    The features are excluded from the model, so that no row is left out for what it lacks.
    """
    names = service_features(side.store, side.case)
    _write_labels(side)
    labels = Labels(path=LABELS, target="label", exclude=tuple(names - set(side.case.rows[0])))
    table = training_table(side.workspace, side.store, side.plan, labels, side.case.service)
    for row in table.rows.sort_values("label_row").to_dict("records"):
        if row["label"] == 0:
            yield row["label_row"], {name: canonical.offline(named(row, name)) for name in names}


def _write_labels(side: HotplateSide) -> None:
    """Write each row twice: labels need both outcomes."""
    frame = pd.DataFrame([dict(row) for row in side.case.rows])
    frame["label_row"] = range(len(frame))
    moment = datetime.now(UTC)
    both = [
        frame.assign(label=label, event_timestamp=pd.Timestamp(moment - timedelta(seconds=label)))
        for label in (0, 1)
    ]
    pd.concat(both).to_parquet(side.workspace.definitions / LABELS)


def _verified(side: HotplateSide) -> Iterator[tuple[str, Features]]:
    for check in jobs.verify(side.workspace).views:
        yield check.view, {"sampled": check.sampled}
