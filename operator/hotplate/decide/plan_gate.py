"""Whether a plan may be applied: it takes nothing from people that was not allowed or approved."""

from __future__ import annotations

from collections.abc import Sequence

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.api.v1alpha1.feature_store_plan import PlanSummary
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus
from hotplate.decide.observed import FeatureStoreObserved
from hotplate.protocol.readers import Reader

_LISTED = 10
"""Losses that the message of a blocked plan names."""


def reader(model_deployment: ModelDeployment) -> Reader | None:
    """Return a ModelDeployment as a reader of online data, None while it serves no model."""
    model = model_deployment.status.model
    if model is None or not model.read_plan:
        return None
    name, service = model_deployment.metadata.name, model_deployment.spec.feature_service
    return Reader(name, service, model.read_plan)


def needs_readers(status: FeatureStoreStatus) -> bool:
    """Whether the decision depends on who reads the online data."""
    takes_away = status.plan is not None and _takes_away(status.plan)
    return bool(status.kept) or (takes_away and not status.has_applied_plan)


def is_undecided(plan: PlanSummary, observed: FeatureStoreObserved) -> bool:
    """Whether nobody looked yet who would lose something by the plan."""
    return observed.readers is None and _takes_away(plan)


def _takes_away(plan: PlanSummary) -> bool:
    return bool(plan.destroys or plan.losing_services)


def is_blocked(store: FeatureStore, plan: PlanSummary, observed: FeatureStoreObserved) -> bool:
    """Whether the plan waits for an approval."""
    breaks_model = bool(losers(plan, observed))
    return store.spec.apply.blocks(plan.destroys, plan.hash, breaks_model=breaks_model)


def losers(plan: PlanSummary, observed: FeatureStoreObserved) -> list[Reader]:
    """Return the live ModelDeployments whose feature service loses something by the plan."""
    services = set(plan.losing_services)
    return [each for each in observed.readers or () if each.feature_service in services]


def objection(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> str:
    """Return why the plan of the status is blocked and how to approve it."""
    plan, parts = status.plan, []
    if plan is None:
        return ""
    if store.spec.apply.is_gated(plan.destroys):
        limit = store.spec.apply.max_deletions
        parts.append(
            f"the plan has {plan.destroys} destructive changes, spec.apply.maxDeletions is {limit}"
        )
    parts += [_taken(status, each) for each in losers(plan, observed)]
    what = _first(plan.losses or plan.summary)
    return f"{'; '.join(parts)}: {what}. To approve it, set spec.apply.approve: {plan.hash}"


def _taken(status: FeatureStoreStatus, loser: Reader) -> str:
    """Return what the plan does to a live ModelDeployment."""
    service = f"ModelDeployment {loser.name} (feature service {loser.feature_service})"
    refused = [each for each in status.services if each.name == loser.feature_service]
    reasons = [each.reason for each in refused if not each.servable]
    if reasons:
        return f"the plan leaves {service} without a feature service to serve: {reasons[0]}"
    return f"the plan takes features from {service}"


def _first(lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else []
    return "; ".join([*lines[:_LISTED], *more])
