"""Which model serves: trained or external, then verified, then pinned.

A model fits a feature service, not a whole FeatureStore: a change of a view that it does not read
neither blocks nor retrains nor rolls it.
"""

from __future__ import annotations

from datetime import datetime

from hotplate.api import FeatureStore, ModelDeployment, names
from hotplate.api.v1alpha1.feature_store_status import AppliedRevision
from hotplate.api.v1alpha1.model_deployment import EMBEDDED
from hotplate.api.v1alpha1.model_deployment_status import (
    ModelDeploymentStatus,
    PinnedModel,
    TrainingStatus,
)
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.jobs.runs import JobRuns, has_succeeded, is_running
from hotplate.decide.jobs.specs import train_job, verify_job
from hotplate.decide.observed import ModelDeploymentObserved
from hotplate.decide.schedule import ScheduleError, last_due, not_before
from hotplate.protocol.job_results import TrainResult, VerifyResult


def with_model(
    model_deployment: ModelDeployment, observed: ModelDeploymentObserved, runs: JobRuns
) -> ModelDeploymentStatus:
    """Return the status with the model that serves, and the one that is on its way there."""
    store, status = observed.store, model_deployment.status
    revision = store.status.revision if store is not None else None
    if store is None or revision is None or is_service_missing(model_deployment, revision):
        return status
    if model_deployment.spec.training is not None:
        status = _with_training(model_deployment, status, store, runs, observed.now)
    status = _with_external(model_deployment, status)
    return _with_verification(model_deployment, status, observed, runs)


def _with_external(
    model_deployment: ModelDeployment, status: ModelDeploymentStatus
) -> ModelDeploymentStatus:
    """Return the status with the model that the spec names, if it names one."""
    pinned = model_deployment.spec.model.pinned
    if pinned is None:
        return status
    candidates = (status.model, status.candidate)
    known = [each for each in candidates if each and (each.version, each.artifact) == pinned]
    candidate = known[0] if known else PinnedModel(version=pinned[0], artifact=pinned[1])
    is_served = candidate == status.model
    return status.model_copy(update={"candidate": None if is_served else candidate})


def _with_verification(
    model_deployment: ModelDeployment,
    status: ModelDeploymentStatus,
    observed: ModelDeploymentObserved,
    runs: JobRuns,
) -> ModelDeploymentStatus:
    """Return the status with the candidate in the model's place, once it is verified.

    The model that serves is verified as well, when golden rows change.
    """
    store, model = observed.store, status.candidate or status.model
    revision = store.status.revision if store is not None else None
    if store is None or revision is None or model is None:
        return status
    if not fits(model_deployment, model, revision) or missing_views(model_deployment, store):
        return status
    if not model_deployment.spec.rollout.verify:
        return _promoted(status, model, revision)
    inputs = _verify_inputs(model_deployment, model, observed)
    if has_succeeded(status.verify_run, inputs):
        return _promoted(status, model, revision)
    job_spec = verify_job(model_deployment, model, inputs, revision.commit)
    run, outcome = runs.ensure(status.verify_run, job_spec)
    status = status.model_copy(update={"verify_run": run})
    if outcome is None:
        return status
    return _promoted(status, model, revision, outcome.of(VerifyResult))


def _verify_inputs(
    model_deployment: ModelDeployment, model: PinnedModel, observed: ModelDeploymentObserved
) -> str:
    """Return a hash of all that a verification depends on; a new one verifies again."""
    rows = model_deployment.spec.rollout.golden_rows
    version = observed.references.get(f"ConfigMap/{rows.config_map.name}") if rows else None
    service = model_deployment.spec.feature_service
    return fingerprint(model.version, model.artifact, service, version)


def _promoted(
    status: ModelDeploymentStatus,
    model: PinnedModel,
    revision: AppliedRevision,
    verified: VerifyResult | None = None,
) -> ModelDeploymentStatus:
    """Return the status with the model pinned to the read plan that it serves by.

    If compatibility is unknown, that is the current read plan; the scoring pods verify the contract
    when they start.
    """
    service_hash = (verified and verified.service_hash) or model.service_hash
    changes = {
        "service_hash": service_hash,
        "contract_hash": (verified and verified.contract_hash) or model.contract_hash,
        "read_plan": (model.read_plan if service_hash else "") or revision.read_plan,
    }
    return status.model_copy(update={"model": model.model_copy(update=changes), "candidate": None})


def _with_training(
    model_deployment: ModelDeployment,
    status: ModelDeploymentStatus,
    store: FeatureStore,
    runs: JobRuns,
    now: datetime,
) -> ModelDeploymentStatus:
    revision, last = store.status.revision, status.training
    commit = revision.commit if revision else None
    inputs, due = _training_inputs(model_deployment, store, runs, now)
    job_spec = train_job(model_deployment, inputs, due, commit)
    run, outcome = runs.ensure(last.run if last else None, job_spec)
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


def features_hash(model_deployment: ModelDeployment, revision: AppliedRevision) -> str:
    """Return what changes when anything that the model reads does, or may have."""
    service = revision.service(model_deployment.spec.feature_service)
    return service.hash if service is not None else revision.read_plan


def is_service_missing(model_deployment: ModelDeployment, revision: AppliedRevision) -> bool:
    """Whether the definitions have no such feature service."""
    named = model_deployment.spec.feature_service
    return revision.has_all_services and revision.service(named) is None


def fits(model_deployment: ModelDeployment, model: PinnedModel, revision: AppliedRevision) -> bool:
    """Whether the model matches the feature service; an external model is checked by its Job.

    If the revision does not list the feature service, its whole read plan must be the same.
    """
    if is_service_missing(model_deployment, revision):
        return False
    service = revision.service(model_deployment.spec.feature_service)
    if service is not None and model.service_hash:
        return model.service_hash == service.hash
    return not model.read_plan or model.read_plan == revision.read_plan or not model.contract_hash


def missing_views(model_deployment: ModelDeployment, store: FeatureStore) -> list[str]:
    """Return the feature views that the model reads and the online store does not have yet."""
    revision = store.status.revision
    service = revision.service(model_deployment.spec.feature_service) if revision else None
    written = {view.name for view in store.status.views if view.watermark is not None}
    known = {view.name for view in store.status.views}
    return [name for name in (service.views if service else ()) if name in known - written]
