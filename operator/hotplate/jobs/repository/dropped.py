"""Online data of views and features that the definitions no longer have.

Apply records it before it changes the registry. It is deleted once no live model reads it: a
scoring pod serves by the read plan that its model was pinned to, which may be older than the
definitions.
What the definitions have again is no longer recorded, and stays.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from hotplate.jobs.aws.artifacts import job_artifacts
from hotplate.jobs.repository.projects import client_of
from hotplate.jobs.repository.repo_config import connection
from hotplate.jobs.repository.rewrites import Stored
from hotplate.jobs.workspace import Workspace
from hotplate.online.feast.deletion import Rows, delete_features, delete_view
from hotplate.online.layout.fields import field_of
from hotplate.protocol.read_plan import ReadPlan
from hotplate.protocol.readers import Reader

logger = logging.getLogger(__name__)

_KEY = "hotplate:dropped:"


@dataclass(frozen=True)
class Dropped:
    """Features of a view that are still stored; with `is_whole`, the view itself."""

    view: str
    join_keys: tuple[str, ...]
    features: tuple[str, ...]
    is_whole: bool

    @property
    def names(self) -> tuple[str, ...]:
        """What is kept, such as `credit_history:bankruptcies`, or the name of a view."""
        return (self.view,) if self.is_whole else tuple(f"{self.view}:{f}" for f in self.features)

    def to_json(self) -> str:
        """Return the record as canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: bytes) -> Dropped:
        """Return the record in that JSON."""
        raw = json.loads(text)
        return cls(raw["view"], tuple(raw["join_keys"]), tuple(raw["features"]), raw["is_whole"])


def dropped(existing: Iterable[Stored], defined: Iterable[Stored]) -> tuple[Dropped, ...]:
    """Return what the written views of the registry have and the definitions do not."""
    now = {view.name: view for view in defined}
    found = (_of(view, now.get(view.name)) for view in existing)
    return tuple(each for each in found if each.features or each.is_whole)


def _of(view: Stored, now: Stored | None) -> Dropped:
    names = tuple(name for name, _ in view.features)
    if now is None or now.join_keys != view.join_keys:
        return Dropped(view.name, view.join_keys, names, is_whole=True)
    return _without(Dropped(view.name, view.join_keys, names, is_whole=False), now)


def _without(record: Dropped, now: Stored | None) -> Dropped:
    """Return the record without what is defined again under the same join keys."""
    if now is None or now.join_keys != record.join_keys:
        return record
    defined = {name for name, _ in now.features}
    features = tuple(name for name in record.features if name not in defined)
    return replace(record, features=features, is_whole=False)


def record(workspace: Workspace, found: tuple[Dropped, ...]) -> None:
    """Record that these are stored and no longer defined."""
    if found:
        client_of(connection(workspace)).sadd(_key(workspace), *(each.to_json() for each in found))


def forget(workspace: Workspace) -> None:
    """Remove all records of the project."""
    client_of(connection(workspace)).unlink(_key(workspace))


def sweep(workspace: Workspace, defined: Iterable[Stored]) -> tuple[str, ...]:
    """Delete what is recorded and read by nobody; return the names of what is kept.

    All is kept while it is unknown who reads it.
    """
    client, key = client_of(connection(workspace)), _key(workspace)
    now = {view.name: view for view in defined}
    records = {text: Dropped.from_json(text) for text in sorted(client.smembers(key))}
    left = {text: _without(each, now.get(each.view)) for text, each in records.items()}
    read = {text: each for text, each in left.items() if each.features or each.is_whole}
    if read and workspace.readers is not None:
        plans = _plans(workspace, workspace.readers)
        read = {text: each for text, each in read.items() if _readers_of(each, plans)}
    for text in left.keys() - read.keys():
        _delete(client, workspace.project, left[text])
        client.srem(key, text)
    return tuple(name for each in read.values() for name in each.names)


def _plans(workspace: Workspace, readers: Iterable[Reader]) -> Mapping[str, ReadPlan]:
    """Return the part of the read plan that each reader serves by."""
    store = job_artifacts(workspace.artifact_url)
    return {
        reader.name: ReadPlan.from_json(store.get(reader.read_plan)).for_service(
            reader.feature_service
        )
        for reader in readers
    }


def _readers_of(record: Dropped, plans: Mapping[str, ReadPlan]) -> list[str]:
    """Return the names of those who read it, and log them."""
    names = [name for name, plan in plans.items() if any(_reads(record, plan))]
    if names:
        logger.info("%s is kept: read by %s", ", ".join(record.names), ", ".join(names))
    return names


def _reads(record: Dropped, plan: ReadPlan) -> Iterator[bool]:
    for view in plan.views:
        keys = tuple(sorted(key.name for key in view.join_keys))
        if view.name == record.view and keys == record.join_keys:
            names = {feature.name for feature in view.features}
            yield record.is_whole or not names.isdisjoint(record.features)


def _delete(client: Any, project: str, record: Dropped) -> None:
    rows = Rows(project, record.join_keys)
    fields = [field_of(record.view, name) for name in record.features]
    if record.is_whole:
        logger.info("%s: %s", record.view, delete_view(client, rows, record.view, fields))
    elif fields:
        logger.info("%s: %s", record.view, delete_features(client, rows, fields))


def _key(workspace: Workspace) -> str:
    return _KEY + workspace.project
