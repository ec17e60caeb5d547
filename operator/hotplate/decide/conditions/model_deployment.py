"""The conditions of a ModelDeployment, each with figures and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.api.v1alpha1.conditions import ConditionType, Reason, condition_of
from hotplate.api.v1alpha1.feature_store_plan import AppliedRevision
from hotplate.api.v1alpha1.model_deployment_status import ModelDeploymentStatus
from hotplate.decide.conditions.transitions import (
    FALSE,
    TRUE,
    UNKNOWN,
    ConditionDraft,
    missing,
    ready,
    stalled,
)
from hotplate.decide.jobs.runs import SUCCEEDED, is_running, setback
from hotplate.decide.models.fit import fits, is_service_missing, missing_views, stale_views
from hotplate.decide.observed import ModelDeploymentObserved
from hotplate.decide.schedule import ScheduleError, last_due


def drafts(
    model_deployment: ModelDeployment,
    status: ModelDeploymentStatus,
    observed: ModelDeploymentObserved,
) -> tuple[ConditionDraft, ...]:
    """Return the conditions' drafts, `Ready` first."""
    found = (
        _compatible(model_deployment, status, observed.store),
        _fresh(observed.store),
        _trained(model_deployment, status, observed),
        _verified(model_deployment, status, observed),
        _progressing(observed),
    )
    is_ready = _blocked(model_deployment, observed) or _ready(found, observed)
    return (is_ready, *found, *stalled(is_ready))


def _blocked(
    model_deployment: ModelDeployment, observed: ModelDeploymentObserved
) -> ConditionDraft | None:
    if (found := missing(observed.references)) is not None:
        return found
    if model_deployment.spec.suspend:
        message = "spec.suspend is true: nothing changes, the pods keep serving"
        return ConditionDraft(ConditionType.READY, FALSE, Reason.SUSPENDED, message)
    if model_deployment.spec.gateway is not None and "HTTPRoute" in observed.missing_kinds:
        message = (
            "spec.gateway needs the kind HTTPRoute: install the Gateway API in this cluster;"
            " reconciliation resumes then"
        )
        return ConditionDraft(ConditionType.READY, FALSE, Reason.CRD_MISSING, message)
    return None


def _ready(found: Sequence[ConditionDraft], observed: ModelDeploymentObserved) -> ConditionDraft:
    """Return `Ready`: every other condition holds, and enough pods are available."""
    summary, serving = ready(found), observed.serving
    if not summary.holds or serving is None:
        return summary
    message = f"{serving.available} of {serving.wanted} pods are available"
    if serving.available < serving.wanted:
        message = "; ".join(filter(None, (message, serving.problem)))
        return ConditionDraft(ConditionType.READY, FALSE, Reason.REPLICAS_UNAVAILABLE, message)
    return ConditionDraft(ConditionType.READY, TRUE, Reason.REPLICAS_AVAILABLE, message)


def _compatible(
    model_deployment: ModelDeployment, status: ModelDeploymentStatus, store: FeatureStore | None
) -> ConditionDraft:
    kind, name = ConditionType.FEATURES_COMPATIBLE, model_deployment.spec.feature_store_ref.name
    if store is None:
        message = f"FeatureStore {name} not found; reconciliation resumes when it exists"
        return ConditionDraft(kind, FALSE, Reason.FEATURE_STORE_MISSING, message)
    if store.status.revision is None:
        ready = condition_of(store.status.conditions, ConditionType.READY)
        why = f"{ready.reason}: {ready.message}" if ready else "no status yet"
        message = f"FeatureStore {name} has not applied its definitions: {why}"
        return ConditionDraft(kind, FALSE, Reason.FEATURE_STORE_NOT_READY, message)
    revision, model = store.status.revision, status.candidate or status.model
    if is_service_missing(model_deployment, revision):
        return _without_service(model_deployment, store, revision)
    if model is None:
        return ConditionDraft(kind, UNKNOWN, Reason.MODEL_MISSING, "waiting for a model")
    if not fits(model_deployment, model, revision):
        message = (
            f"model {model.version} does not match feature service"
            f" {model_deployment.spec.feature_service} of FeatureStore {name}, revision"
            f" {revision.id}; the current pods keep serving until a matching model is trained"
        )
        return ConditionDraft(kind, FALSE, Reason.CONTRACT_DIFFERS, message)
    return ConditionDraft(kind, TRUE, Reason.CONTRACT_MATCHES, f"revision {revision.id}")


def _without_service(
    model_deployment: ModelDeployment, store: FeatureStore, revision: AppliedRevision
) -> ConditionDraft:
    """Return why the revision serves no such feature service: it has none, or cannot serve it."""
    kind, named = ConditionType.FEATURES_COMPATIBLE, model_deployment.spec.feature_service
    name = store.metadata.name
    for each in store.status.services:
        if each.name == named and not each.servable:
            message = (
                f"feature service {named} of FeatureStore {name} cannot be served: {each.reason}"
            )
            return ConditionDraft(kind, FALSE, Reason.FEATURE_SERVICE_NOT_SERVABLE, message)
    known = ", ".join(each.name for each in revision.services) or "none"
    message = (
        f"feature service {named} is not in FeatureStore {name}, revision {revision.id},"
        f" which has: {known}"
    )
    return ConditionDraft(kind, FALSE, Reason.FEATURE_SERVICE_MISSING, message)


def _verified(
    model_deployment: ModelDeployment,
    status: ModelDeploymentStatus,
    observed: ModelDeploymentObserved,
) -> ConditionDraft:
    """Return whether the newest model is verified; meanwhile, a model that serves keeps it True."""
    kind, model, store = ConditionType.VERIFIED, status.candidate or status.model, observed.store
    if model is None or store is None:
        return ConditionDraft(kind, UNKNOWN, Reason.MODEL_MISSING, "waiting for a model")
    waits = _waits_for_views(model_deployment, store) if status.candidate is not None else None
    if waits is not None:
        return waits
    if not model_deployment.spec.rollout.verify:
        return ConditionDraft(kind, TRUE, Reason.NOT_VERIFIED, "spec.rollout.verify is false")
    run, is_served, found = status.verify_run, status.model is not None, setback(status.verify_run)
    if found is not None:
        return ConditionDraft(kind, TRUE if is_served and is_running(run) else FALSE, *found)
    if run is not None and run.result == SUCCEEDED and status.candidate is None:
        return ConditionDraft(kind, TRUE, Reason.SUCCEEDED, model.version)
    message = f"Job {run.job} verifies {model.version}" if run is not None else ""
    known = TRUE if is_served else UNKNOWN
    return ConditionDraft(kind, known, Reason.RUNNING if run else Reason.PENDING, message)


def _waits_for_views(
    model_deployment: ModelDeployment, store: FeatureStore
) -> ConditionDraft | None:
    """Return which feature views a new model waits for, None if for none."""
    if views := missing_views(model_deployment, store):
        message = f"waiting for feature views to be materialized: {', '.join(views)}"
        return ConditionDraft(ConditionType.VERIFIED, FALSE, Reason.NOT_MATERIALIZED, message)
    if views := stale_views(model_deployment, store):
        message = f"spec.features.requireFresh: {', '.join(views)} is not fresh; the model waits"
        return ConditionDraft(ConditionType.VERIFIED, FALSE, Reason.FEATURES_STALE, message)
    return None


def _fresh(store: FeatureStore | None) -> ConditionDraft:
    kind = ConditionType.FEATURES_FRESH
    fresh = condition_of(store.status.conditions, ConditionType.FRESH) if store else None
    if fresh is None:
        message = "waiting for the FeatureStore to apply its definitions"
        return ConditionDraft(kind, UNKNOWN, Reason.FEATURE_STORE_NOT_READY, message)
    return ConditionDraft(kind, fresh.status, fresh.reason, fresh.message)


def _trained(
    model_deployment: ModelDeployment,
    status: ModelDeploymentStatus,
    observed: ModelDeploymentObserved,
) -> ConditionDraft:
    kind, training = ConditionType.MODEL_TRAINED, model_deployment.spec.training
    if training is None:
        version = model_deployment.spec.model.version
        return ConditionDraft(kind, TRUE, Reason.EXTERNAL_MODEL, version)
    try:
        if training.schedule is not None:
            last_due(training.schedule, training.time_zone, observed.now)
    except ScheduleError as error:
        return ConditionDraft(kind, FALSE, Reason.INVALID_SCHEDULE, str(error))
    if status.training is None:
        return _not_trained(model_deployment, observed.store)
    run, found = status.training.run, setback(status.training.run)
    if found is not None:
        return ConditionDraft(kind, FALSE, *found)
    if run.result != SUCCEEDED:
        return ConditionDraft(kind, UNKNOWN, Reason.RUNNING, f"Job {run.job} runs")
    figures = ", ".join(f"{name} {value:.3f}" for name, value in status.training.metrics.items())
    return ConditionDraft(kind, TRUE, Reason.SUCCEEDED, f"{status.training.version}: {figures}")


def _not_trained(model_deployment: ModelDeployment, store: FeatureStore | None) -> ConditionDraft:
    """Return why no training has started yet."""
    kind = ConditionType.MODEL_TRAINED
    views = stale_views(model_deployment, store) if store is not None else []
    if views:
        message = f"spec.features.requireFresh: {', '.join(views)} is not fresh; training waits"
        return ConditionDraft(kind, FALSE, Reason.FEATURES_STALE, message)
    message = "no training has started; condition Ready says why"
    return ConditionDraft(kind, UNKNOWN, Reason.PENDING, message)


def _progressing(observed: ModelDeploymentObserved) -> ConditionDraft:
    kind, serving = ConditionType.PROGRESSING, observed.serving
    if serving is None:
        return ConditionDraft(
            kind, UNKNOWN, Reason.PENDING, "no pods yet: they are created once a model exists"
        )
    if serving.stuck:
        return ConditionDraft(kind, FALSE, Reason.ROLLOUT_STUCK, serving.stuck)
    if serving.is_complete:
        message = "; ".join(_notes(observed))
        return ConditionDraft(kind, TRUE, Reason.ROLLOUT_COMPLETE, message)
    return ConditionDraft(kind, TRUE, Reason.ROLLING_OUT, serving.problem)


def _notes(observed: ModelDeploymentObserved) -> Iterator[str]:
    """Yield what is missing although the model serves."""
    if "ServiceMonitor" in observed.missing_kinds:
        yield "no ServiceMonitor: the Prometheus Operator's kinds are not in this cluster"
