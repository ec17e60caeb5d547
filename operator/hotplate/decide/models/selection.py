"""Which model serves: trained or external, then verified, then pinned."""

from __future__ import annotations

from hotplate.api import ModelDeployment
from hotplate.api.v1alpha1.model_deployment_status import ModelDeploymentStatus, PinnedModel
from hotplate.decide.jobs.runs import JobRuns
from hotplate.decide.models.fit import is_service_missing
from hotplate.decide.models.training import with_followed_training, with_training
from hotplate.decide.models.verification import with_followed_verification, with_verification
from hotplate.decide.observed import ModelDeploymentObserved


def with_model(
    model_deployment: ModelDeployment, observed: ModelDeploymentObserved, runs: JobRuns
) -> ModelDeploymentStatus:
    """Return the status with the model that serves, and the one that is on its way there.

    A training or verification is followed to its end even while nothing new may start.
    """
    store, status = observed.store, model_deployment.status
    revision = store.status.revision if store is not None else None
    status = with_followed_training(status, revision, runs)
    status = with_followed_verification(model_deployment, status, observed, runs)
    if store is None or revision is None or is_service_missing(model_deployment, revision):
        return status
    if model_deployment.spec.training is not None:
        status = with_training(model_deployment, status, store, runs, observed.now)
    status = _with_external(model_deployment, status)
    return with_verification(model_deployment, status, observed, runs)


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
