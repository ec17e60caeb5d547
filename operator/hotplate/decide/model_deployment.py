"""Which Jobs a ModelDeployment needs now, what should serve, and its status; a pure function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.api.v1alpha1.conditions import ConditionType, Reason
from hotplate.api.v1alpha1.model_deployment_status import (
    ModelDeploymentStatus,
    PinnedModel,
    ServedRevision,
)
from hotplate.decide.conditions.model_deployment import drafts
from hotplate.decide.conditions.transitions import conditions
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.jobs.runs import JobRuns
from hotplate.decide.jobs.specs import JobSpec
from hotplate.decide.jobs.waits import WAITS
from hotplate.decide.models.selection import with_model
from hotplate.decide.observed import ModelDeploymentObserved, Serving
from hotplate.decide.references import start_references
from hotplate.decide.schedule import ScheduleError, next_due, next_poll

_SETTLING = {ConditionType.ONLINE_STORE_REACHABLE, ConditionType.PLANNED, ConditionType.APPLIED}
_UNSETTLED = {Reason.STORE_STARTING, Reason.RUNNING, Reason.PENDING, *WAITS}


@dataclass(frozen=True)
class Serve:
    """What should exist to serve: the files that Jobs read, and a model once there is one.

    With another `restart_hash` (an object that is read at the start alone has changed) what serves
    has to start again.
    """

    model: PinnedModel | None
    restart_hash: str = ""


@dataclass(frozen=True)
class ModelDeploymentDecision:
    """Jobs to start and to delete, what should serve, and the status to report.

    Without `serve`, what exists stays as it is.
    """

    to_start: tuple[JobSpec, ...]
    to_delete: tuple[str, ...]
    serve: Serve | None
    status: ModelDeploymentStatus
    requeue_at: datetime | None


def decide(
    model_deployment: ModelDeployment, observed: ModelDeploymentObserved
) -> ModelDeploymentDecision:
    """Return what a ModelDeployment needs now."""
    is_paused = _is_paused(model_deployment, observed)
    runs = JobRuns(model_deployment, observed.outcomes, is_paused, observed.references)
    status = with_model(model_deployment, observed, runs)
    serve = _serve(model_deployment, status, observed)
    status = _with_serving(status, observed.serving)
    generation = model_deployment.metadata.generation or 0
    found = drafts(model_deployment, status, observed)
    status = status.model_copy(
        update={
            "observed_generation": generation,
            "conditions": conditions(
                model_deployment.status.conditions, found, generation, observed.now
            ),
        }
    )
    return ModelDeploymentDecision(
        tuple(runs.to_start.values()),
        tuple(runs.to_delete),
        serve,
        status,
        _requeue_at(model_deployment, status, observed, runs),
    )


def _is_paused(model_deployment: ModelDeployment, observed: ModelDeploymentObserved) -> bool:
    return (
        model_deployment.spec.suspend
        or observed.store is None
        or observed.store.status.revision is None
        or _is_unsettled(observed.store)
        or None in observed.references.values()
    )


def _is_unsettled(store: FeatureStore) -> bool:
    """Whether the registry or the embedded Valkey of a Job is about to change, or unknown yet."""
    is_unknown = store.spec.uses_embedded_store and not store.status.embedded_store_pod_uid
    return is_unknown or any(
        condition.type in _SETTLING and condition.reason in _UNSETTLED
        for condition in store.status.conditions
    )


def _serve(
    model_deployment: ModelDeployment,
    status: ModelDeploymentStatus,
    observed: ModelDeploymentObserved,
) -> Serve | None:
    """Return what should serve; None leaves what serves alone while something is missing."""
    store = observed.store
    if model_deployment.spec.suspend or store is None or store.status.revision is None:
        return None
    if status.model is None:
        return Serve(None) if observed.serving is None else None
    if None in observed.references.values():
        return None
    return Serve(status.model, _restart_hash(model_deployment, observed))


def _restart_hash(model_deployment: ModelDeployment, observed: ModelDeploymentObserved) -> str:
    """Return a hash of the objects that are read at the start alone."""
    kept = {f"{kind}/{name}" for kind, name in start_references(model_deployment)}
    return fingerprint(sorted(each for each in observed.references.items() if each[0] in kept))


def _with_serving(status: ModelDeploymentStatus, serving: Serving | None) -> ModelDeploymentStatus:
    if serving is None or status.model is None:
        return status.model_copy(update={"replicas": 0})
    stable = ServedRevision(
        revision=serving.revision,
        image=serving.image,
        model=status.model.version,
        ready=f"{serving.ready}/{serving.wanted}",
    )
    return status.model_copy(
        update={
            "stable": stable,
            "url": serving.url,
            "selector": serving.selector,
            "replicas": serving.replicas,
        }
    )


def _requeue_at(
    model_deployment: ModelDeployment,
    status: ModelDeploymentStatus,
    observed: ModelDeploymentObserved,
    runs: JobRuns,
) -> datetime | None:
    """Return when something falls due without an event, or may have come to say more."""
    changed = observed.now if status != model_deployment.status else observed.changed_at
    times = [
        _next_training(model_deployment, observed.now),
        next_poll(changed, observed.now) if _waits(status, observed, runs) else None,
    ]
    return min((time for time in times if time is not None), default=None)


def _waits(status: ModelDeploymentStatus, observed: ModelDeploymentObserved, runs: JobRuns) -> bool:
    """Whether it waits for what sends no event, such as a pod or a Secret."""
    ready, serving = status.conditions[0], observed.serving
    waits_for_pods = serving is not None and not serving.is_complete
    is_kept_back = not ready.holds and ready.reason != Reason.SUSPENDED
    return runs.has_active or waits_for_pods or is_kept_back


def _next_training(model_deployment: ModelDeployment, now: datetime) -> datetime | None:
    training = model_deployment.spec.training
    if training is None or training.schedule is None or model_deployment.spec.suspend:
        return None
    try:
        return next_due(training.schedule, training.time_zone, now)
    except ScheduleError:
        return None
