"""What applying the definitions would change in the registry."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from feast.diff.registry_diff import diff_between
from feast.feature_view import DUMMY_ENTITY_NAME
from feast.infra.offline_stores.file_source import FileSource

from hotplate.jobs.aws.artifacts import job_artifacts
from hotplate.jobs.aws.errors import aws_error
from hotplate.jobs.errors import JobError
from hotplate.jobs.offline.files import source_exists
from hotplate.jobs.repository import definitions
from hotplate.jobs.repository.definition_text import definition_text
from hotplate.jobs.repository.losses import Lost, online_keys, planned_losses
from hotplate.jobs.repository.read_plan import Definitions, read_plan
from hotplate.jobs.repository.refusals import refuse_versions, refuse_views
from hotplate.jobs.repository.session import connected, job_errors
from hotplate.jobs.repository.views import defined_views
from hotplate.jobs.workspace import Workspace
from hotplate.model.artifact_store import digest_of
from hotplate.protocol import plans
from hotplate.protocol.definition_results import Loss, PlanFigures, PlanResult, ServiceState
from hotplate.protocol.plans import FieldChange, ObjectChange
from hotplate.protocol.read_plan import ReadPlan

logger = logging.getLogger(__name__)

_HIDDEN = frozenset({"project", "data source"})
"""Objects that no plan counts: a changed data source shows as a change of its views."""


@dataclass(frozen=True)
class DefinitionsPlan:
    """The changes in order, what they take away, the repository's objects, and the Feast store."""

    changes: tuple[ObjectChange, ...]
    losses: tuple[Lost, ...]
    revision: str
    contents: Any
    store: Any
    services: tuple[ServiceState, ...] = ()

    @property
    def hash(self) -> str:
        """The hash of every change: what an approval approves, and the digest of the artifact."""
        return digest_of(plans.to_json(self.changes))

    def count(self, action: str) -> int:
        """How many objects are created, updated or deleted."""
        return sum(change.action == action for change in self.changes)

    @property
    def destructive(self) -> int:
        """How many objects are deleted, features removed, and types and join keys changed."""
        return self.count("delete") + sum(lost.is_counted for lost in self.losses)

    def figures(self, keys: Sequence[int | None] = ()) -> PlanFigures:
        """Return what it is of and what it changes; `keys` are the online keys of each loss."""
        counts = keys or [None] * len(self.losses)
        return PlanFigures(
            revision=self.revision,
            plan_hash=self.hash,
            create=self.count("create"),
            update=self.count("update"),
            delete=self.count("delete"),
            destructive=self.destructive,
            losses=tuple(
                Loss(name=lost.name, change=lost.change, keys=count, services=lost.services)
                for lost, count in zip(self.losses, counts, strict=True)
            ),
            summary=tuple(str(change) for change in self.changes),
        )


def run(workspace: Workspace) -> PlanResult:
    """Return what applying the definitions would change; keep the whole plan as an artifact."""
    plan = planned(workspace)
    with job_errors(workspace):
        figures = plan.figures(online_keys(workspace, plan.losses))
    job_artifacts(workspace.artifact_url).put(plans.to_json(plan.changes))
    return PlanResult(**figures.model_dump(), services=plan.services)


def planned(workspace: Workspace) -> DefinitionsPlan:
    """Compare the definitions with the registry.

    Raises:
        JobError: the definitions are refused or cannot be served, or a store does not answer.

    """
    revision = definitions.revision(workspace.definitions)
    contents = definitions.load(workspace.definitions, workspace.project)
    refuse_versions(workspace.definitions)
    _refuse_missing_sources(workspace, contents)
    store = connected(workspace)
    with job_errors(workspace):
        _refuse_missing_tables(store, contents)
        _infer(store, contents)
        refuse_views(defined_views(contents))
        reading = read_plan(Definitions.of_repository(contents), workspace.project)
        changes = _changes(diff_between(store.registry, workspace.project, contents))
        lost = planned_losses(store, contents)
    logger.info("plan: %s", "; ".join(map(str, changes)) or "no change")
    return DefinitionsPlan(changes, lost, revision, contents, store, tuple(_services(reading)))


def _services(reading: ReadPlan) -> Iterator[ServiceState]:
    yield from (ServiceState(name=each.name) for each in reading.feature_services)
    for refused in reading.refused_services:
        yield ServiceState(name=refused.name, servable=False, reason=refused.reason)


def _refuse_missing_sources(workspace: Workspace, contents: Any) -> None:
    for view in defined_views(contents):
        source = view.batch_source
        if isinstance(source, FileSource) and not source_exists(source, workspace.definitions):
            raise JobError(
                "DataSourceMissing",
                f"feature view {view.name}: its data source {source.name or source.path} names "
                f"{source.path}, which does not exist (relative paths start at "
                f"{workspace.definitions}): create the file or correct the path",
            )


def _refuse_missing_tables(store: Any, contents: Any) -> None:
    """Let the offline store read the columns of each source that is no file."""
    for view in defined_views(contents):
        source = view.batch_source
        if source is None or isinstance(source, FileSource):
            continue
        try:
            source.validate(store.config)
        except Exception as error:
            raise aws_error(error) or JobError(
                "DataSourceMissing",
                f"feature view {view.name}: its data source {source.name} cannot be read: "
                f"{error}; create the table, or correct the source's table, schema or query",
            ) from error


def _infer(store: Any, contents: Any) -> None:
    """Let Feast complete the objects as apply does: types, entity columns, timestamp columns."""
    try:
        store._validate_all_feature_views(  # noqa: SLF001  what FeatureStore.plan calls
            contents.feature_views,
            contents.on_demand_feature_views,
            contents.stream_feature_views,
            contents.label_views,
        )
        store._make_inferences(  # noqa: SLF001
            contents.data_sources,
            contents.entities,
            contents.feature_views,
            contents.on_demand_feature_views,
            contents.stream_feature_views,
            contents.feature_services,
            contents.label_views,
        )
    except Exception as error:
        raise aws_error(error) or JobError(
            "DefinitionsInvalid", f"{type(error).__name__}: {error}"
        ) from error


def _changes(diff: Any) -> tuple[ObjectChange, ...]:
    changes = (_change(each) for each in diff.feast_object_diffs if _is_shown(each))
    return tuple(sorted(change for change in changes if change is not None))


def _is_shown(diff: Any) -> bool:
    return diff.feast_object_type.value not in _HIDDEN and diff.name != DUMMY_ENTITY_NAME


def _change(diff: Any) -> ObjectChange | None:
    """Return the change of one object; None if only its time of registration changed."""
    action = diff.transition_type.name.lower()
    compared = (
        (change.property_name, definition_text(change.val_existing), change.val_declared)
        for change in diff.feast_object_property_diffs
    )
    details = tuple(
        FieldChange(name, before, after)
        for name, before, declared in compared
        if before != (after := definition_text(declared))
    )
    if action == "unchanged" or (action == "update" and not details):
        return None
    return ObjectChange(action, diff.feast_object_type.value, diff.name, details)
