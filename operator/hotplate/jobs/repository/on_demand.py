"""On-demand feature views as source text that needs no Feast repository, as in a scoring process.

The text is that of the function, without its decorator, and with annotations left unevaluated. It
may use builtins and what it imports itself, but nothing else of its module.
"""

from __future__ import annotations

import ast
import builtins
import symtable
import textwrap
from collections import Counter
from typing import Any

from hotplate.jobs.errors import JobError
from hotplate.protocol.read_plan import FeaturePlan, OnDemandInput, OnDemandPlan, full_name

_HEADER = "from __future__ import annotations\n\n"


def on_demand_plan(view: Any) -> OnDemandPlan:
    """Return the view (Feast's OnDemandFeatureView) as the read plan holds it.

    Raises:
        JobError: NotServable, scoring processes cannot compute what Feast does.

    """
    if why := _what_is_not_computed(view):
        raise _not_servable(view, why)
    function, source = _standalone(view)
    outputs = tuple(
        FeaturePlan(field.name, field.dtype.to_value_type().name) for field in view.features
    )
    plan = OnDemandPlan(view.name, _inputs(view), outputs, source, function)
    _refuse_failing(view, plan)
    return plan


def _what_is_not_computed(view: Any) -> str | None:
    """Return what the view does that scoring processes do not, and what to do, or None."""
    if view.write_to_online_store:
        return "it writes to the online store: set write_to_online_store=False"
    if view.aggregations:
        return "it aggregates: aggregate in the offline store"
    if view.mode != "python" or not view.singleton:
        return 'it is not a Python function of one row: set mode="python" and singleton=True'
    if view.feature_transformation is None:
        return "the definitions have no function of it: apply them again"
    renamed = [
        projection.name
        for projection in view.source_feature_view_projections.values()
        if projection.name_alias or projection.join_key_map
    ]
    if renamed:
        return f"it renames feature view {renamed[0]} or its join keys: use the view itself"
    return None


def _inputs(view: Any) -> tuple[OnDemandInput, ...]:
    """Return what Feast passes to the function: each feature by its own and by its full name.

    A name that features of two views share stands for neither: they have their full names.
    """
    features = [
        (projection.name, field.name)
        for projection in view.source_feature_view_projections.values()
        for field in projection.features
    ]
    requested = [
        field.name for source in view.source_request_sources.values() for field in source.schema
    ]
    short = Counter([*(name for _, name in features), *dict.fromkeys(requested)])
    return (
        *(OnDemandInput(name, at, name) for at, name in features if short[name] == 1),
        *(OnDemandInput(full_name(at, name), at, name) for at, name in features),
        *(OnDemandInput(name) for name in dict.fromkeys(requested)),
    )


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
    sample = view._construct_random_input(singleton=True)  # noqa: SLF001  Feast's own
    values = {each.name: sample[each.name] for each in plan.inputs}
    row = {name: value[0] if isinstance(value, list) else value for name, value in values.items()}
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


def _not_servable(view: Any, why: str) -> JobError:
    return JobError("NotServable", f"on-demand feature view {view.name} cannot be served: {why}")
