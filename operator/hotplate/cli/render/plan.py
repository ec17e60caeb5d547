"""What an apply would change, and whether `spec.apply` lets it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff

from rich.console import Console

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.api.v1alpha1.conditions import UNSEEN, ConditionType, Reason
from hotplate.api.v1alpha1.feature_store import Apply
from hotplate.api.v1alpha1.feature_store_plan import PlanSummary, ServiceStatus
from hotplate.cli.render.text import condition, explained, show_line
from hotplate.protocol.plans import FieldChange, ObjectChange

_SIGNS = {"create": "+", "update": "~", "delete": "-"}


def show_services(
    services: Sequence[ServiceStatus], models: Sequence[ModelDeployment], console: Console
) -> None:
    """Print why services cannot be served, and which models name a service that does not exist."""
    for service in services:
        if not service.servable:
            show_line(f"feature service {service.name} cannot be served: {service.reason}", console)
    known = sorted(service.name for service in services)
    for model in models:
        if model.spec.feature_service not in known:
            show_line(
                f"ModelDeployment {model.metadata.name} names feature service"
                f" {model.spec.feature_service}, which the definitions do not have; they have:"
                f" {', '.join(known) or 'none'}",
                console,
            )


def show_changes(changes: Sequence[ObjectChange], console: Console) -> None:
    """Print the whole plan: each object, and of its changed fields what goes and what comes."""
    for change in changes:
        show_line(f"{_SIGNS.get(change.action, '~')} {change.kind} {change.name}", console)
        for field in change.fields:
            show_line(f"    {field.field}:", console)
            for line in _difference(field):
                show_line(f"      {line}", console)


def _difference(field: FieldChange) -> list[str]:
    """Return the lines that go and come, with two lines around them."""
    before, after = field.before.splitlines(), field.after.splitlines()
    lines = list(unified_diff(before, after, n=2, lineterm=""))[2:]
    return ["..." if line.startswith("@@") else line for line in lines]


def show_summary(plan: PlanSummary, artifacts: str | None, console: Console) -> None:
    """Print the first lines of a plan, and where the whole of it is."""
    for line in plan.summary:
        show_line(line, console)
    if artifacts is not None:
        show_line(f"The whole plan is artifact {plan.hash} in {artifacts}", console)


def show_plan(plan: PlanSummary, gate: Apply, console: Console) -> None:
    """Print the plan's counts, what it takes away, and how to approve it if it is blocked."""
    counts = f"{plan.create} to create, {plan.update} to update, {plan.delete} to delete"
    show_line(counts, console)
    if plan.losses:
        show_line("It takes away:", console)
    for loss in plan.losses:
        show_line(f"  {loss}", console)
    if gate.blocks(plan.destroys, plan.hash):
        show_line(
            f"It has {plan.destroys} destructive changes, more than spec.apply.maxDeletions"
            f" ({gate.max_deletions}), and is blocked until spec.apply.approve is {plan.hash}",
            console,
        )


def is_blocked(store: FeatureStore) -> bool:
    """Whether the last plan waits for an approval."""
    found = condition(store, ConditionType.APPLIED)
    return found is not None and found.reason == Reason.APPLY_BLOCKED


def became_of(store: FeatureStore) -> str:
    """Return whether the last plan is applied, and why not; of no plan, why there is none."""
    plan, revision = store.status.plan, store.status.revision
    if plan is None:
        return explained(condition(store, ConditionType.PLANNED)) or UNSEEN
    if revision is not None and store.status.has_applied_plan:
        return f"Applied at {revision.applied_at:%Y-%m-%d %H:%M:%S} UTC, revision {revision.id}"
    return f"Not applied: {explained(condition(store, ConditionType.APPLIED))}"
