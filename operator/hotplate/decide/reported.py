"""What status keeps of the results of a plan and of an apply."""

from __future__ import annotations

from collections.abc import Sequence

from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.feature_store_plan import (
    AppliedRevision,
    AppliedService,
    PlanSummary,
    ServiceStatus,
)
from hotplate.decide.observed import Outcome
from hotplate.protocol.definition_results import ApplyResult, PlanResult, ServiceState

_REASON = 4096
"""Characters of a service's reason that a status holds."""

MOST_LINES = 50
"""Lines of a list that a status holds."""


def service_statuses(services: Sequence[ServiceState]) -> tuple[ServiceStatus, ...]:
    """Return the feature services of a Job's result for status."""
    return tuple(
        ServiceStatus(name=each.name, servable=each.servable, reason=each.reason[:_REASON])
        for each in services
    )


def plan_summary(
    result: PlanResult, commit: str | None, applied: AppliedRevision | None = None
) -> PlanSummary:
    """Return the summary of a plan for status, against what is applied."""
    return PlanSummary(
        hash=result.plan_hash,
        revision=result.revision,
        create=result.create,
        update=result.update,
        delete=result.delete,
        destructive=result.destructive,
        losses=_first(tuple(map(str, result.losses))),
        losing_services=tuple(sorted(_losing(result, applied))),
        summary=_first(result.summary),
        **({"commit": commit} if commit else {}),
    )


def _losing(result: PlanResult, applied: AppliedRevision | None) -> set[str]:
    """Return the feature services that lose something, or can no longer be served at all.

    One that could not be served before either loses nothing.
    """
    losing = {name for each in result.losses for name in each.services}
    refused = {each.name for each in result.services if not each.servable}
    return losing | {
        name for name in refused if applied is None or applied.service(name) is not None
    }


def _first(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first lines of a plan, and how many more there are."""
    if len(lines) <= MOST_LINES:
        return lines
    return (*lines[:MOST_LINES], f"... and {len(lines) - MOST_LINES:,} more")


def applied_revision(plan: PlanSummary | None, outcome: Outcome) -> AppliedRevision:
    """Return the revision that an apply has made; raise `ValueError` without its end."""
    result = outcome.of(ApplyResult)
    planned = plan.commit if plan is not None and plan.hash == result.plan_hash else None
    commit = outcome.commit or planned
    services = [
        AppliedService(name=each.name, hash=each.hash, views=each.views)
        for each in result.services
        if each.servable
    ]
    if outcome.finished is None:
        raise ValueError("a succeeded Job has no completion time")
    return AppliedRevision(
        id=names.revision_id(commit or result.revision),
        plan_hash=result.plan_hash,
        read_plan=result.read_plan,
        services=tuple(services),
        views=result.views,
        has_all_services=True,
        applied_at=outcome.finished,
        **({"commit": commit} if commit else {}),
    )
