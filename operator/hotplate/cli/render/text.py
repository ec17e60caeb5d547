"""Lines and conditions as text for a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from hotplate.api import Condition, FeatureStore, ModelDeployment, ResourceStatus
from hotplate.api.v1alpha1.conditions import UNSEEN, ConditionType, condition_of


def show_line(text: str, console: Console) -> None:
    """Print a line as it is, however wide the terminal is."""
    console.print(escape(text), highlight=False, soft_wrap=True)


def show_heading(name: str, state: str, console: Console) -> None:
    """Print a resource's name in bold, and its state in one line."""
    text = f"[bold]{escape(name)}[/bold]: {escape(state)}"
    console.print(text, highlight=False, soft_wrap=True)


def readiness(resource: FeatureStore | ModelDeployment) -> str:
    """Return whether the resource is ready, or why not, and whether that is of an older spec."""
    ready = condition(resource, ConditionType.READY)
    if ready is None or not ready.observed_generation:
        return UNSEEN
    word = "ready" if ready.holds else f"not ready, {explained(ready)}"
    is_old = resource.status.observed_generation < (resource.metadata.generation or 0)
    return f"{word} (the operator has not reconciled the last change)" if is_old else word


def show_unready(kind: str, status: ResourceStatus, console: Console) -> None:
    """Print why a resource of a local run is not ready; nothing where it is."""
    ready = condition_of(status.conditions, ConditionType.READY)
    if ready is not None and not ready.holds:
        show_line(f"  {kind}: not ready, {explained(ready)}", console)


def condition(resource: FeatureStore | ModelDeployment, kind: ConditionType) -> Condition | None:
    """Return the resource's condition of a type, if it has one."""
    return condition_of(resource.status.conditions, kind)


def explained(found: Condition | None) -> str:
    """Return the reason and message of a condition, or nothing for none."""
    return "" if found is None else f"{found.reason}: {found.message}".rstrip(": ")
