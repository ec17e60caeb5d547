"""Feature views whose rows in the online store no longer fit their definition.

After a new feature, or another type, source or ttl, the rows already written are incomplete, and
a run that starts at the watermark never writes them again. Apply therefore records such views
beside the data before it changes the registry. The next materialization of a recorded view covers
its whole ttl, replaces rows of the same event time, and removes the record after the last row.
Rows under other join keys of the same names, and fields of features with another type, are deleted
at once, since the new ones take their place.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hotplate.jobs.repository.definition_text import definition_text
from hotplate.jobs.repository.projects import client_of
from hotplate.jobs.repository.read_plan import features_of
from hotplate.jobs.repository.repo_config import connection
from hotplate.jobs.workspace import Workspace
from hotplate.online.feast.deletion import Rows, delete_features, delete_view
from hotplate.online.layout.fields import field_of

logger = logging.getLogger(__name__)

_KEY = "hotplate:rewrite:"


@dataclass(frozen=True)
class Stored:
    """The parts of a view's definition that shape its rows in the online store."""

    name: str
    join_keys: tuple[str, ...]
    keys: tuple[str, ...]
    features: tuple[tuple[str, str], ...]
    ttl: float
    source: str

    @classmethod
    def of(cls, view: Any) -> Stored:
        """Return the parts of a feature view (Feast's FeatureView)."""
        keys = sorted((field.name, str(field.dtype)) for field in view.entity_columns)
        return cls(
            name=view.name,
            join_keys=tuple(sorted(name for name, _ in keys)),
            keys=tuple(f"{name} {dtype}" for name, dtype in keys),
            features=tuple(sorted((field.name, str(field.dtype)) for field in features_of(view))),
            ttl=view.ttl.total_seconds() if view.ttl else 0.0,
            source=definition_text(view.batch_source.to_proto()) if view.batch_source else "",
        )

    def fields(self, names: Iterable[str]) -> list[bytes]:
        """Return the fields of the features in the online store's hashes."""
        return [field_of(self.name, name) for name in names]


@dataclass(frozen=True)
class Rewrite:
    """A view as it was when its rows were written, and as it is defined now."""

    before: Stored
    after: Stored

    @property
    def has_other_keys(self) -> bool:
        """Whether the rows are under the same names of join keys, of other types."""
        return self.before.join_keys == self.after.join_keys and self.before.keys != self.after.keys

    @property
    def retyped(self) -> list[str]:
        """The features whose stored values have another type."""
        now = dict(self.after.features)
        return [name for name, dtype in self.before.features if now.get(name, dtype) != dtype]


def written(existing: Iterable[Any]) -> tuple[Stored, ...]:
    """Return the feature views (Feast's) of the registry that have rows in the online store."""
    return tuple(Stored.of(view) for view in existing if view.materialization_intervals)


def rewrites(existing: Iterable[Any], defined: Iterable[Any]) -> tuple[Rewrite, ...]:
    """Return the views of the registry that were materialized under another definition."""
    after = {view.name: Stored.of(view) for view in defined}
    pairs = [
        Rewrite(before, after[before.name]) for before in written(existing) if before.name in after
    ]
    return tuple(pair for pair in pairs if pair.before != pair.after)


def record(workspace: Workspace, views: tuple[Rewrite, ...]) -> None:
    """Record that the views must be rewritten."""
    if views:
        client_of(connection(workspace)).sadd(_key(workspace), *(each.after.name for each in views))


def recorded(workspace: Workspace) -> frozenset[str]:
    """Return the views that must be rewritten."""
    found = client_of(connection(workspace)).smembers(_key(workspace))
    return frozenset(name.decode() for name in found)


def finish(workspace: Workspace, view: str) -> None:
    """Remove the record of a view: it was rewritten whole."""
    client_of(connection(workspace)).srem(_key(workspace), view)


def forget(workspace: Workspace) -> None:
    """Remove all records of the project."""
    client_of(connection(workspace)).unlink(_key(workspace))


def delete_replaced(workspace: Workspace, views: tuple[Rewrite, ...]) -> None:
    """Delete the rows and fields in whose place others of the same name are written."""
    client = client_of(connection(workspace))
    for view in views:
        rows, before = Rows(workspace.project, view.before.join_keys), view.before
        if view.has_other_keys:
            every = before.fields(name for name, _ in before.features)
            logger.info("%s: %s", before.name, delete_view(client, rows, before.name, every))
        elif view.retyped:
            fields = before.fields(view.retyped)
            logger.info("%s: %s", before.name, delete_features(client, rows, fields))


def _key(workspace: Workspace) -> str:
    return _KEY + workspace.project
