"""On-demand feature views as source text that needs no Feast repository, as in a scoring process.

The text is that of the function, without its decorator, and with annotations left unevaluated. It
may use builtins and what it imports itself, but nothing else of its module.
"""

from __future__ import annotations

import ast
import builtins
import symtable
import textwrap
from typing import Any

from hotplate.jobs.errors import JobError
from hotplate.protocol.read_plan import FeaturePlan, OnDemandPlan

_HEADER = "from __future__ import annotations\n\n"


def on_demand_plan(view: Any) -> OnDemandPlan:
    """Return the view (Feast's OnDemandFeatureView) as the read plan holds it.

    Raises:
        JobError: NotServable, its function needs Feast or its module to run.

    """
    if view.mode != "python" or not view.singleton:
        raise _not_servable(
            view, 'it is not a Python function of one row: set mode="python" and singleton=True'
        )
    function, source = _standalone(view)
    outputs = tuple(
        FeaturePlan(field.name, field.dtype.to_value_type().name) for field in view.features
    )
    plan = OnDemandPlan(view.name, _inputs(view), outputs, source, function)
    _refuse_failing(view, plan)
    return plan


def _inputs(view: Any) -> tuple[str, ...]:
    features = [
        field.name
        for projection in view.source_feature_view_projections.values()
        for field in projection.features
    ]
    requested = [
        field.name for source in view.source_request_sources.values() for field in source.schema
    ]
    return tuple(dict.fromkeys([*features, *requested]))


def _standalone(view: Any) -> tuple[str, str]:
    """Return the function's name and its text without decorators."""
    text = textwrap.dedent(view.feature_transformation.udf_string)
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise _not_servable(view, f"its function's source is incomplete: {error}") from error
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    if len(functions) != 1 or len(tree.body) != 1:
        raise _not_servable(view, "it is not a single function written with def")
    function = functions[0]
    source = _HEADER + "\n".join(text.splitlines()[function.lineno - 1 :]) + "\n"
    missing = sorted(_globals(source) - set(dir(builtins)))
    if missing:
        raise _not_servable(
            view,
            f"its function uses {', '.join(missing)} of its module: import or define that inside",
        )
    return function.name, source


def _globals(source: str) -> set[str]:
    """Return the names that the function in the text takes from its module."""
    (function,) = symtable.symtable(source, "<on-demand>", "exec").get_children()
    names: set[str] = set()
    scopes = [function]
    while scopes:
        scope = scopes.pop()
        scopes.extend(scope.get_children())
        names.update(each.get_name() for each in scope.get_symbols() if each.is_global())
    return names - {function.get_name()}


def _refuse_failing(view: Any, plan: OnDemandPlan) -> None:
    """Run the text on a row of sample values, as Feast does when it applies the view."""
    row = {name: value[0] if isinstance(value, list) else value for name, value in _sample(view)}
    namespace: dict[str, Any] = {}
    try:
        exec(compile(plan.source, view.name, "exec"), namespace)  # noqa: S102  the definitions' own
        result = namespace[plan.function](row)
        missing = [output.name for output in plan.outputs if output.name not in result]
    except Exception as error:
        raise _not_servable(
            view, f"its function fails on a row of sample values: {error!r}"
        ) from error
    if missing:
        raise _not_servable(view, f"its function does not return {', '.join(missing)}")


def _sample(view: Any) -> list[tuple[str, Any]]:
    return list(view._construct_random_input(singleton=True).items())  # noqa: SLF001  Feast's own


def _not_servable(view: Any, why: str) -> JobError:
    return JobError("NotServable", f"on-demand feature view {view.name} cannot be served: {why}")
