"""Whether a model is verified, which puts it in the place of the one that serves."""

from __future__ import annotations

from hotplate.api import ModelDeployment
from hotplate.api.v1alpha1.feature_store_plan import AppliedRevision
from hotplate.api.v1alpha1.model_deployment_status import ModelDeploymentStatus, PinnedModel
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.jobs.runs import JobRuns, has_succeeded
from hotplate.decide.jobs.specs import verify_job
from hotplate.decide.models.fit import fits, missing_views, stale_views
from hotplate.decide.observed import ModelDeploymentObserved
from hotplate.protocol.job_results import VerifyResult


def with_verification(
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
    waits = missing_views(model_deployment, store)
    if status.candidate is not None:
        waits = waits or stale_views(model_deployment, store)
    if waits or not fits(model_deployment, model, revision):
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
    return _promoted(status, _checked(model, outcome.of(VerifyResult)), revision)


def with_followed_verification(
    model_deployment: ModelDeployment,
    status: ModelDeploymentStatus,
    observed: ModelDeploymentObserved,
    runs: JobRuns,
) -> ModelDeploymentStatus:
    """Return the status with what a verification found of the model that it was about."""
    run, outcome = runs.follow(status.verify_run, "verify")
    status = status.model_copy(update={"verify_run": run})
    place = "candidate" if status.candidate is not None else "model"
    model = status.candidate or status.model
    if run is None or outcome is None or model is None:
        return status
    if run.inputs != _verify_inputs(model_deployment, model, observed):
        return status
    return status.model_copy(update={place: _checked(model, outcome.of(VerifyResult))})


def _checked(model: PinnedModel, result: VerifyResult) -> PinnedModel:
    """Return the model with the hashes that a verification read from it."""
    found = {"contract_hash": result.contract_hash, "service_hash": result.service_hash}
    return model.model_copy(update={key: value for key, value in found.items() if value})


def _verify_inputs(
    model_deployment: ModelDeployment, model: PinnedModel, observed: ModelDeploymentObserved
) -> str:
    """Return a hash of all that a verification depends on; a new one verifies again."""
    rows = model_deployment.spec.rollout.golden_rows
    version = observed.references.get(f"ConfigMap/{rows.config_map.name}") if rows else None
    service = model_deployment.spec.feature_service
    return fingerprint(model.version, model.artifact, service, version)


def _promoted(
    status: ModelDeploymentStatus, model: PinnedModel, revision: AppliedRevision
) -> ModelDeploymentStatus:
    """Return the status with the model pinned to the read plan that it serves by.

    If compatibility is unknown, that is the current read plan; the scoring pods verify the contract
    when they start.
    """
    read_plan = (model.read_plan if model.service_hash else "") or revision.read_plan
    pinned = model.model_copy(update={"read_plan": read_plan})
    return status.model_copy(update={"model": pinned, "candidate": None})
