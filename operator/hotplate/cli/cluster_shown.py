"""Resources of a cluster as the renderer takes them: pure functions of their status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.api.v1alpha1.conditions import Condition, ConditionType
from hotplate.api.v1alpha1.feature_store_status import JobRun, PlanSummary, ViewStatus
from hotplate.cli.cluster_errors import RemoteError
from hotplate.cli.render import ShownModel, ShownPlan, ShownStore, ShownView

_FINE = ("Running", "Succeeded")
_UNSEEN = "no operator has seen it yet: is one watching its namespace?"


def shown_stores(
    stores: Sequence[FeatureStore], model_deployments: Sequence[ModelDeployment]
) -> Iterator[ShownStore]:
    """Yield each FeatureStore with the ModelDeployments that read it, then those without one."""
    for store in stores:
        yield _store(store, _readers(store.metadata.name, model_deployments))
    known = {store.metadata.name for store in stores}
    named = {each.spec.feature_store_ref.name for each in model_deployments}
    for name in sorted(named - known):
        models = tuple(map(_model, _readers(name, model_deployments)))
        yield ShownStore(name, "no such FeatureStore", models=models)


def shown_plan(store: FeatureStore) -> ShownPlan:
    """Return the last plan of a FeatureStore; raise `RemoteError` when it has none."""
    plan = store.status.plan
    if plan is None:
        planned = _condition(store.status.conditions, ConditionType.PLANNED)
        raise RemoteError(
            f"FeatureStore {store.metadata.name} has no plan yet: {_said(planned) or _UNSEEN}"
        )
    gate = store.spec.apply
    return ShownPlan(
        summary=plan.summary,
        counts=(plan.create, plan.update, plan.delete),
        hash=plan.hash,
        max_deletions=gate.max_deletions,
        approve=gate.approve,
        note=_became(store, plan),
    )


def _became(store: FeatureStore, plan: PlanSummary) -> str:
    revision = store.status.revision
    if revision is not None and revision.plan_hash == plan.hash:
        return f"Applied at {revision.applied_at:%Y-%m-%d %H:%M:%S} UTC, revision {revision.id}"
    return f"Not applied: {_said(_condition(store.status.conditions, ConditionType.APPLIED))}"


def _store(store: FeatureStore, readers: Iterable[ModelDeployment]) -> ShownStore:
    revision = store.status.revision
    return ShownStore(
        name=store.metadata.name,
        state=_state(store),
        revision=revision.id if revision is not None else "",
        views=tuple(map(_view, store.status.views)),
        models=tuple(map(_model, readers)),
    )


def _view(view: ViewStatus) -> ShownView:
    return ShownView(view.name, view.watermark, view.rows, _problem(view.last_run))


def _model(model_deployment: ModelDeployment) -> ShownModel:
    status = model_deployment.status
    version = status.model.version if status.model is not None else ""
    trained = status.training
    metrics = trained.metrics if trained is not None and trained.version == version else {}
    pods = f"{status.stable.ready} pods at {status.url}; " if status.stable is not None else ""
    serving = f"ModelDeployment {model_deployment.metadata.name}: {pods}{_state(model_deployment)}"
    return ShownModel(version, metrics, serving)


def _readers(
    store: str, model_deployments: Iterable[ModelDeployment]
) -> tuple[ModelDeployment, ...]:
    return tuple(each for each in model_deployments if each.spec.feature_store_ref.name == store)


def _problem(run: JobRun | None) -> str:
    if run is None or run.result in _FINE:
        return ""
    return f"Job {run.job}: {run.result}: {run.message}".rstrip(": ")


def _state(resource: FeatureStore | ModelDeployment) -> str:
    """Return whether it is ready, and why not; what is about an older spec says so."""
    ready = _condition(resource.status.conditions, ConditionType.READY)
    if ready is None or not ready.observed_generation:
        return _UNSEEN
    word = "ready" if ready.holds else f"not ready, {_said(ready)}"
    is_old = resource.status.observed_generation < (resource.metadata.generation or 0)
    return f"{word} (the operator has not seen its last change)" if is_old else word


def _said(condition: Condition | None) -> str:
    if condition is None:
        return ""
    return f"{condition.reason}: {condition.message}".rstrip(": ")


def _condition(conditions: Iterable[Condition], kind: ConditionType) -> Condition | None:
    return next((each for each in conditions if each.type == kind), None)
