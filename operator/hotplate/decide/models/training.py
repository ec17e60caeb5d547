"""When a model is trained, and what has been trained: the candidate."""

from __future__ import annotations

from datetime import datetime

from hotplate.api import FeatureStore, ModelDeployment, names
from hotplate.api.v1alpha1.feature_store_plan import AppliedRevision
from hotplate.api.v1alpha1.feature_store_status import JobRun
from hotplate.api.v1alpha1.model_deployment_status import (
    ModelDeploymentStatus,
    PinnedModel,
    TrainingStatus,
)
from hotplate.api.v1alpha1.model_source import EMBEDDED
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.jobs.runs import JobRuns, is_running
from hotplate.decide.jobs.specs import train_job
from hotplate.decide.models.fit import features_hash, stale_views
from hotplate.decide.observed import Outcome
from hotplate.decide.schedule import ScheduleError, last_due, not_before
from hotplate.protocol.job_results import TrainResult


def with_training(
    model_deployment: ModelDeployment,
    status: ModelDeploymentStatus,
    store: FeatureStore,
    runs: JobRuns,
    now: datetime,
) -> ModelDeploymentStatus:
    """Return the status with the training that is due, and the model of one that has ended."""
    revision, last = store.status.revision, status.training
    commit = revision.commit if revision else None
    if stale_views(model_deployment, store):
        return status
    inputs, due = _training_inputs(model_deployment, store, runs, now)
    job_spec = train_job(model_deployment, inputs, due, commit)
    run, outcome = runs.ensure(last.run if last else None, job_spec)
    return _with_training_outcome(status, run, outcome, revision)


def with_followed_training(
    status: ModelDeploymentStatus, revision: AppliedRevision | None, runs: JobRuns
) -> ModelDeploymentStatus:
    """Return the status with the end of the training that runs, wanted or not."""
    last = status.training
    run, outcome = runs.follow(last.run if last else None, "train")
    return _with_training_outcome(status, run, outcome, revision)


def _with_training_outcome(
    status: ModelDeploymentStatus,
    run: JobRun | None,
    outcome: Outcome | None,
    revision: AppliedRevision | None,
) -> ModelDeploymentStatus:
    """Return the status with the run, and the model that it trained as the candidate."""
    last = status.training
    if run is None:
        return status
    if outcome is None:
        training = last.model_copy(update={"run": run}) if last else TrainingStatus(run=run)
        return status.model_copy(update={"training": training})
    result = outcome.of(TrainResult)
    training = TrainingStatus(
        run=run,
        version=result.version,
        rows=result.rows,
        metrics=result.metrics,
    )
    candidate = PinnedModel(
        version=result.version,
        artifact=result.artifact,
        contract_hash=result.contract_hash,
        service_hash=result.service_hash,
        read_plan=revision.read_plan if revision else "",
    )
    return status.model_copy(update={"training": training, "candidate": candidate})


def _training_inputs(
    model_deployment: ModelDeployment, store: FeatureStore, runs: JobRuns, now: datetime
) -> tuple[str, datetime | None]:
    """Return a hash of all that a training depends on, and when it was due by the schedule.

    Another hash trains again. A training that runs keeps its own, so that it ends before the next.
    """
    training, revision = model_deployment.spec.training, store.status.revision
    last = model_deployment.status.training
    if last is not None and is_running(last.run) and not runs.is_stuck(last.run):
        return last.run.inputs, last.run.due
    due = _due(model_deployment, now)
    is_embedded = model_deployment.spec.model.store == EMBEDDED
    refresh = model_deployment.metadata.annotations.get(names.REFRESH_ANNOTATION)
    inputs = fingerprint(
        training.model_dump(mode="json", exclude={"resources", "on_failure"}) if training else None,
        model_deployment.spec.feature_service,
        model_deployment.spec.model.store,
        features_hash(model_deployment, revision) if revision else None,
        store.status.embedded_store_pod_uid if is_embedded else None,
        due,
        *([refresh] if refresh else []),
    )
    return inputs, due


def _due(model_deployment: ModelDeployment, now: datetime) -> datetime | None:
    training, last = model_deployment.spec.training, model_deployment.status.training
    if training is None or training.schedule is None:
        return None
    try:
        due = last_due(training.schedule, training.time_zone, now)
    except ScheduleError:
        return None
    return not_before(last.run.due if last else None, due, now)
