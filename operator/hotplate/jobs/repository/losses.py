"""What people lose by a change of the definitions: features, their types and their join keys.

Feast counts a removed feature as an update of its view. For whoever reads the feature it is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hotplate.jobs.repository.projects import client_of
from hotplate.jobs.repository.repo_config import connection
from hotplate.jobs.repository.rewrites import Stored
from hotplate.jobs.repository.views import applied_views, defined_views
from hotplate.jobs.workspace import Workspace
from hotplate.online.feast.deletion import Deletion, Rows, count_fields, delete_view

Reads = Mapping[str, frozenset[tuple[str, str]]]
"""The features that each feature service reads, as pairs of view and feature."""


@dataclass(frozen=True)
class Lost:
    """A feature, or with no feature a view, that is not afterwards what it was.

    `is_counted` is False where the plan already counts the loss as a deleted object, or where a
    feature service alone loses it. `before` is the view as it is stored.
    """

    view: str
    feature: str
    change: str
    is_counted: bool
    services: tuple[str, ...]
    before: Stored | None = None

    @property
    def name(self) -> str:
        """What is lost, such as `credit_history:bankruptcies`."""
        return f"{self.view}:{self.feature}" if self.feature else self.view


def losses(
    existing: Iterable[Stored], defined: Iterable[Stored], before: Reads, after: Reads
) -> tuple[Lost, ...]:
    """Return what is lost between the views and reads of the registry and of the definitions."""
    now = {view.name: view for view in defined}
    found = [lost for view in existing for lost in _of_view(view, now.get(view.name), before)]
    gone = {(lost.view, lost.feature) for lost in found}
    whole = {lost.view for lost in found if not lost.feature}
    unserved = (
        Lost(view, feature, f"removed from feature service {service}", False, (service,))
        for service, reads in before.items()
        if service in after
        for view, feature in reads - after[service]
        if (view, feature) not in gone and view not in whole
    )
    services = (
        Lost(f"feature service {service}", "", "removed", False, (service,))
        for service in before.keys() - after.keys()
    )
    return tuple(sorted((*found, *unserved, *services), key=lambda each: (each.name, each.change)))


def _of_view(view: Stored, now: Stored | None, reads: Reads) -> Iterator[Lost]:
    readers = tuple(
        sorted(name for name, pairs in reads.items() if view.name in {v for v, _ in pairs})
    )
    if now is None:
        yield Lost(view.name, "", "removed", False, readers, view)
        return
    if view.keys != now.keys:
        change = f"join keys change from {_shown(view.keys)} to {_shown(now.keys)}"
        yield Lost(view.name, "", change, True, readers, view)
        return
    types = dict(now.features)
    for name, dtype in view.features:
        services = tuple(sorted(s for s, pairs in reads.items() if (view.name, name) in pairs))
        if name not in types:
            yield Lost(view.name, name, "removed", True, services, view)
        elif types[name] != dtype:
            change = f"type changes from {dtype} to {types[name]}"
            yield Lost(view.name, name, change, True, services, view)


def _shown(keys: Iterable[str]) -> str:
    return ", ".join(keys) or "none"


def planned_losses(store: Any, contents: Any) -> tuple[Lost, ...]:
    """Return what applying a repository (Feast's RepoContents) takes away from a Feast store."""
    registry, project = store.registry, store.project
    return losses(
        map(Stored.of, applied_views(registry, project)),
        map(Stored.of, defined_views(contents)),
        registry_reads(registry.proto(), project),
        defined_reads(contents),
    )


def online_keys(workspace: Workspace, found: Sequence[Lost]) -> list[int | None]:
    """Return how many online keys hold each loss, None where nothing is stored.

    The keys of a view are scanned once, however many of its features are lost.
    """
    views = {lost.view: lost.before for lost in found if lost.before is not None}
    if not views:
        return [None] * len(found)
    client = client_of(connection(workspace))
    counts: dict[tuple[str, str], int] = {}
    for name, view in views.items():
        features = [lost.feature for lost in found if lost.view == name and lost.before]
        rows = Rows(workspace.project, view.join_keys)
        counts |= {(name, each): n for each, n in _keys(client, rows, view, features).items()}
    return [counts.get((lost.view, lost.feature)) for lost in found]


def _keys(client: Any, rows: Rows, view: Stored, features: list[str]) -> dict[str, int]:
    """Return how many keys hold each feature; no feature, by the empty name, is the view."""
    if "" in features:
        every = view.fields(name for name, _ in view.features)
        deleted = delete_view(client, rows, view.name, every, Deletion(dry_run=True))
        return {"": deleted.keys + deleted.trimmed}
    return dict(zip(features, count_fields(client, rows, view.fields(features)), strict=True))


def registry_reads(registry: Any, project: str) -> Reads:
    """Return what the feature services of a registry (Feast's protocol buffer) read.

    Only the messages are read: no function that somebody stored in the registry runs.
    """
    inputs = {
        view.spec.name: frozenset(
            (projection.feature_view_name, column.name)
            for source in view.spec.sources.values()
            if (projection := source.feature_view_projection).feature_view_name
            for column in projection.feature_columns
        )
        for view in registry.on_demand_feature_views
        if view.spec.project == project
    }
    return {
        service.spec.name: _with_inputs(
            {
                (projection.feature_view_name, column.name)
                for projection in service.spec.features
                for column in projection.feature_columns
            },
            inputs,
        )
        for service in registry.feature_services
        if service.spec.project == project
    }


def defined_reads(contents: Any) -> Reads:
    """Return what the feature services of a repository (Feast's RepoContents) read."""
    inputs = {
        view.name: frozenset(
            (projection.name, field.name)
            for projection in view.source_feature_view_projections.values()
            for field in projection.features
        )
        for view in contents.on_demand_feature_views
    }
    return {
        service.name: _with_inputs(
            {
                (projection.name, field.name)
                for projection in service.feature_view_projections
                for field in projection.features
            },
            inputs,
        )
        for service in contents.feature_services
    }


def _with_inputs(
    reads: set[tuple[str, str]], inputs: Mapping[str, frozenset[tuple[str, str]]]
) -> frozenset[tuple[str, str]]:
    """Return the features with those that their on-demand views are computed from."""
    views = {view for view, _ in reads}
    return frozenset(reads).union(*(inputs[view] for view in views if view in inputs))
