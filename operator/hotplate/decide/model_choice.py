"""Which model serves: trained here or brought, then verified, then pinned."""

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
from hotplate.decide.compatibility import (
    features_hash,
    fits,
    is_service_missing,
    missing_views,
)
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.job_runs import Runs, has_succeeded, is_running
from hotplate.decide.job_specs import train_work, verify_work
from hotplate.decide.observed import ModelDeploymentObserved
from hotplate.decide.schedule import ScheduleError, last_due, not_before
from hotplate.protocol.job_results import TrainResult, VerifyResult


def with_model(
    model_deployment: ModelDeployment, observed: ModelDeploymentObserved, runs: Runs
) -> ModelDeploymentStatus:
    """Return the status with the model that serves, and the one that is on its way there."""
    store, status = observed.store, model_deployment.status
    revision = store.status.revision if store is not None else None
    if store is None or revision is None or is_service_missing(model_deployment, revision):
        return status
    if model_deployment.spec.training is not None:
        status = _with_training(model_deployment, status, store, runs, observed.now)
    status = _with_brought(model_deployment, status)
    return _with_verification(model_deployment, status, observed, runs)


def _with_brought(
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
    runs: Runs,
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
    work = verify_work(model_deployment, model, inputs, revision.commit)
    run, outcome = runs.follow(status.verify_run, work, inputs)
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
    """Return the status with the model pinned, and the read plan that it serves by with it.

    Where nobody knows whether the model fits, it serves by the current one: its pods tell.
    """
    service_hash = (verified and verified.service_hash) or model.service_hash
    told = {
        "service_hash": service_hash,
        "contract_hash": (verified and verified.contract_hash) or model.contract_hash,
        "read_plan": (model.read_plan if service_hash else "") or revision.read_plan,
    }
    return status.model_copy(update={"model": model.model_copy(update=told), "candidate": None})


def _with_training(
    model_deployment: ModelDeployment,
    status: ModelDeploymentStatus,
    store: FeatureStore,
    runs: Runs,
    now: datetime,
) -> ModelDeploymentStatus:
    inputs = _training_inputs(model_deployment, store, runs, now)
    revision = store.status.revision
    commit = revision.commit if revision else None
    due = _due(model_deployment, now)
    previous = status.training.run if status.training else None
    run, outcome = runs.follow(previous, train_work(model_deployment, inputs, commit), inputs)
    if run is None:
        return status
    if outcome is None:
        before = status.training or TrainingStatus(run=run)
        changed = {"run": run, **({"due": due} if run.inputs == inputs else {})}
        return status.model_copy(update={"training": before.model_copy(update=changed)})
    result = outcome.of(TrainResult)
    training = TrainingStatus(
        run=run,
        due=status.training.due if status.training else due,
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
    model_deployment: ModelDeployment, store: FeatureStore, runs: Runs, now: datetime
) -> str:
    """Return a hash of all that a training depends on; a new one trains again.

    While a training runs it keeps its own, so that it ends before another one starts.
    """
    training, revision = model_deployment.spec.training, store.status.revision
    last = model_deployment.status.training
    if last is not None and is_running(last.run) and not runs.is_stuck(last.run):
        return last.run.inputs
    is_embedded = model_deployment.spec.model.store == EMBEDDED
    refresh = model_deployment.metadata.annotations.get(names.REFRESH_ANNOTATION)
    return fingerprint(
        training.model_dump(mode="json", exclude={"resources", "on_failure"}) if training else None,
        model_deployment.spec.feature_service,
        model_deployment.spec.model.store,
        features_hash(model_deployment, revision) if revision else None,
        store.status.embedded_store if is_embedded else None,
        _due(model_deployment, now),
        *([refresh] if refresh else []),
    )


def _due(model_deployment: ModelDeployment, now: datetime) -> datetime | None:
    training, last = model_deployment.spec.training, model_deployment.status.training
    if training is None or training.schedule is None:
        return None
    try:
        due = last_due(training.schedule, training.time_zone, now)
    except ScheduleError:
        return None
    return not_before(last.due if last else None, due, now)
