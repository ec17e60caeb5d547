"""On-demand feature views: functions of one row, whose source is part of the read plan.

Training, verification and scoring compute them with this code, so that they compute the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hotplate.online.errors import OnDemandError
from hotplate.protocol.read_plan import OnDemandPlan, ReadPlan


@dataclass(frozen=True, slots=True)
class OnDemandView:
    """An on-demand feature view, compiled to a function of a row's values."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    function: Callable[[dict[str, Any]], dict[str, Any]]

    def __call__(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the outputs; raise `OnDemandError` when the function fails or lacks one."""
        try:
            result = self.function({name: values[name] for name in self.inputs})
            return {name: result[name] for name in self.outputs}
        except Exception as error:
            raise OnDemandError(f"on-demand feature view {self.name}: {error!r}") from error


def on_demand_views(plan: ReadPlan) -> tuple[OnDemandView, ...]:
    """Return the plan's on-demand feature views, compiled once; raise `OnDemandError`."""
    return tuple(_compiled(view) for view in plan.on_demand_views)


def _compiled(view: OnDemandPlan) -> OnDemandView:
    namespace: dict[str, Any] = {}
    try:
        code = compile(view.source, f"<on-demand feature view {view.name}>", "exec")
        exec(code, namespace)  # noqa: S102  an artifact read by its hash, made by the apply Job
        function = namespace[view.function]
    except Exception as error:
        raise OnDemandError(f"on-demand feature view {view.name}: {error!r}") from error
    outputs = tuple(feature.name for feature in view.outputs)
    return OnDemandView(view.name, view.inputs, outputs, function)
