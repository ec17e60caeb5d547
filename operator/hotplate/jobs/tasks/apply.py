"""Apply the definitions: the plan, gated by `spec.apply`, Feast's apply, then the read plan."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from feast.errors import FeastError
from feast.feature_view import FeatureViewState
from feast.repo_operations import extract_objects_for_apply_delete

from hotplate.jobs.aws.artifacts import job_artifacts
from hotplate.jobs.errors import JobError
from hotplate.jobs.repository import dropped, rewrites
from hotplate.jobs.repository.applied import applied_plan
from hotplate.jobs.repository.projects import claim_project
from hotplate.jobs.repository.rewrites import Stored, written
from hotplate.jobs.repository.session import (
    change_registry,
    job_errors,
    registry_lock,
    registry_state,
    retry_on_conflict,
)
from hotplate.jobs.repository.views import applied_views, defined_views
from hotplate.jobs.tasks.plan import DefinitionsPlan, planned
from hotplate.jobs.workspace import Workspace
from hotplate.protocol.definition_results import ApplyResult, ServiceResult
from hotplate.protocol.read_plan import ReadPlan, short_hash

logger = logging.getLogger(__name__)

_LISTED = 10
"""Deletions that the message of a blocked plan names."""


def run(workspace: Workspace) -> ApplyResult:
    """Apply the definitions.

    Raises:
        JobError: ApplyBlocked, the plan deletes more than allowed; ProjectConflict, the online
            store has a project that Feast would confuse with this one; or as `planned`.

    """
    with job_errors(workspace):
        with registry_lock(workspace):
            plan = retry_on_conflict(lambda: _plan_and_apply(workspace))
        repaired = change_registry(plan.store, lambda: _reset_states(plan.store))
        kept = dropped.sweep(workspace, map(Stored.of, _views(plan.store)))
        reading = applied_plan(workspace, plan.store, plan.contents)
        digest = job_artifacts(workspace.artifact_url).put(reading.to_json())
    logger.info("applied %s, read plan %s", plan.revision, digest)
    views = _materialized(plan.store)
    return ApplyResult(
        **plan.figures().model_dump(),
        read_plan=digest,
        registry=registry_state(plan.store),
        views=tuple(views),
        services=tuple(_services(reading, views)),
        kept=kept,
        changed_views=tuple(sorted(rewrites.recorded(workspace))),
        repaired_views=repaired,
    )


def _services(reading: ReadPlan, materialized: list[str]) -> Iterator[ServiceResult]:
    """Yield each feature service with the hash that a model is compared with."""
    for service in reading.feature_services:
        part = reading.for_service(service.name)
        views = tuple(view.name for view in part.views if view.name in materialized)
        yield ServiceResult(name=service.name, hash=short_hash(part.hash), views=views)
    for refused in reading.refused_services:
        yield ServiceResult(name=refused.name, servable=False, reason=refused.reason)


def _plan_and_apply(workspace: Workspace) -> DefinitionsPlan:
    """Plan, then apply unless the plan is blocked."""
    plan = planned(workspace)
    _refuse_losses(workspace, plan)
    claim_project(workspace)
    to_apply, to_delete, _, _ = extract_objects_for_apply_delete(
        workspace.project, plan.store.registry, plan.contents
    )
    existing, defined = _views(plan.store), defined_views(plan.contents)
    changed = rewrites.rewrites(existing, defined)
    rewrites.record(workspace, changed)
    dropped.record(workspace, dropped.dropped(written(existing), map(Stored.of, defined)))
    try:
        plan.store.apply(to_apply, objects_to_delete=to_delete, partial=False)
    except (FeastError, ValueError) as error:
        raise JobError("ApplyFailed", f"{type(error).__name__}: {error}") from error
    rewrites.delete_replaced(workspace, changed)
    return plan


def _refuse_losses(workspace: Workspace, plan: DefinitionsPlan) -> None:
    """Refuse a plan that takes away more than is allowed, or another one than was decided on."""
    gate, destructive = workspace.feature_store.spec.apply, plan.destructive
    if workspace.plan_hash not in (None, plan.hash) and (destructive or plan.losses):
        raise JobError(
            "PlanChanged",
            "the definitions or the registry changed after the plan was made, and the plan of now"
            f" ({plan.hash}) takes away: {_listed(plan)}; it is planned again when the definitions"
            " change next, or set the annotation hotplate.dev/refresh",
        )
    if gate.blocks(destructive, plan.hash):
        raise JobError(
            "ApplyBlocked",
            f"the plan has {destructive} destructive changes ({_listed(plan)}), "
            f"spec.apply.maxDeletions is {gate.max_deletions}: restore them in the definitions, or "
            f"set spec.apply.approve to {plan.hash} to approve this plan",
        )


def _listed(plan: DefinitionsPlan) -> str:
    """Return the first of what the plan deletes or takes away."""
    deleted = [f"{c.kind} {c.name}" for c in plan.changes if c.action == "delete"]
    names = [*deleted, *(f"{lost.name}: {lost.change}" for lost in plan.losses if lost.is_counted)]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _reset_states(store: Any) -> tuple[str, ...]:
    """Reset feature views that a killed materialization left MATERIALIZING; Feast never does.

    Feast refuses to serve such a view. Jobs of Hotplate never set this state.
    """
    stuck = [view for view in _views(store) if view.state == FeatureViewState.MATERIALIZING]
    for view in stuck:
        served = bool(view.materialization_intervals)
        view.state = FeatureViewState.AVAILABLE_ONLINE if served else FeatureViewState.GENERATED
        store.registry.apply_feature_view(view, store.project)
    return tuple(view.name for view in stuck)


def _views(store: Any) -> tuple[Any, ...]:
    return applied_views(store.registry, store.project)


def _materialized(store: Any) -> list[str]:
    """Return the names of the views that are to be materialized, sorted."""
    return sorted(view.name for view in _views(store) if view.online and view.batch_source)
