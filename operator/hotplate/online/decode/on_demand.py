"""On-demand feature views: functions of one row, whose source is part of the read plan.

Training, verification and scoring compute them with this code, so that they compute the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hotplate.online.decode.outputs import output_of
from hotplate.online.errors import OnDemandError
from hotplate.protocol.read_plan import OnDemandPlan, ReadPlan, value_names


@dataclass(frozen=True, slots=True)
class OnDemandView:
    """An on-demand feature view, compiled to a function of a request and of what was read for it.

    `stored` has each input that is read with the name of its value, `requested` the inputs that a
    request brings. `outputs` has the function's results by the names of their values.
    """

    name: str
    stored: tuple[tuple[str, str], ...]
    requested: tuple[str, ...]
    outputs: tuple[tuple[str, str, Callable[[Any], Any]], ...]
    function: Callable[[dict[str, Any]], dict[str, Any]]

    def __call__(self, request: Mapping[str, Any], read: Mapping[str, Any]) -> dict[str, Any]:
        """Return the outputs by the names of their values, as Feast converts them; NaN is None.

        Raises `OnDemandError` when the function fails, or lacks an output of its type. The error
        has neither values nor the function's own message, which may quote them.
        """
        inputs = {name: read[value] for name, value in self.stored}
        try:
            for name in self.requested:
                inputs[name] = request[name]
            result = self.function(inputs)
            return {value: convert(result[name]) for value, name, convert in self.outputs}
        except Exception as error:
            raise OnDemandError(
                f"on-demand feature view {self.name}: {self._shown(error)}"
            ) from error

    def _shown(self, error: Exception) -> str:
        """Return the type of the error, and the input or output that a `KeyError` is about."""
        known = {*self.requested, *(name for _, name, _ in self.outputs)}
        missing = [name for name in known if isinstance(error, KeyError) and error.args == (name,)]
        return ": ".join([type(error).__name__, *missing])


class RowValues:
    """The values that a model sees of a request, of what was read for it and computed from both."""

    def __init__(self, plan: ReadPlan, requested: Iterable[str]) -> None:
        """Compile the plan of one service; `requested` are the model's features of a request.

        Raises `OnDemandError`.
        """
        self._views = on_demand_views(plan)
        names = value_names(plan)
        self._own = tuple(set(requested) & set(names.values()))
        served = {(each.view, each.name) for each in plan.feature_services[0].features}
        self.computed = {
            names[view.name, each.name]: f"{view.name}.{each.name}"
            for view in plan.on_demand_views
            for each in view.outputs
            if (view.name, each.name) in served
        }
        """The served on-demand features by the names of their values, as messages name them."""

    def __call__(self, request: Mapping[str, Any], read: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values by name; raise `OnDemandError`."""
        values = {**request, **read}
        for view in self._views:
            values.update(view(request, read))
        for name in self._own:
            values[name] = request[name]
        return values


def on_demand_views(plan: ReadPlan) -> tuple[OnDemandView, ...]:
    """Return the on-demand feature views of a plan of one service; raise `OnDemandError`."""
    names = value_names(plan)
    return tuple(_compiled(view, names) for view in plan.on_demand_views)


def _compiled(view: OnDemandPlan, names: Mapping[tuple[str, str], str]) -> OnDemandView:
    outputs = ((names.get((view.name, each.name)), each) for each in view.outputs)
    return OnDemandView(
        view.name,
        tuple((each.name, names[each.view, each.feature]) for each in view.inputs if each.view),
        tuple(each.name for each in view.inputs if not each.view),
        tuple((value, each.name, output_of(each.dtype)) for value, each in outputs if value),
        _function(view),
    )


def _function(view: OnDemandPlan) -> Callable[[dict[str, Any]], dict[str, Any]]:
    namespace: dict[str, Any] = {}
    try:
        code = compile(view.source, f"<on-demand feature view {view.name}>", "exec")
        exec(code, namespace)  # noqa: S102  an artifact read by its hash, made by the apply Job
        function: Callable[[dict[str, Any]], dict[str, Any]] = namespace[view.function]
    except Exception as error:
        raise OnDemandError(f"on-demand feature view {view.name}: {error!r}") from error
    return function
