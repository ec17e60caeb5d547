"""Whether a model fits a feature service, and whether that service can be read.

A model fits a feature service, not a whole FeatureStore: a change of a view that it does not read
neither blocks nor retrains nor rolls it.
"""

from __future__ import annotations

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.api.v1alpha1.feature_store_plan import AppliedRevision
from hotplate.api.v1alpha1.model_deployment_status import PinnedModel


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


def stale_views(model_deployment: ModelDeployment, store: FeatureStore) -> list[str]:
    """Return the feature views that hold the model back: `requireFresh`, and not fresh."""
    revision = store.status.revision
    service = revision.service(model_deployment.spec.feature_service) if revision else None
    if service is None or not model_deployment.spec.features.require_fresh:
        return []
    stale = {view.name for view in store.status.views if view.fresh is False}
    return [name for name in service.views if name in stale]


def missing_views(model_deployment: ModelDeployment, store: FeatureStore) -> list[str]:
    """Return the feature views that the model reads and the online store does not have yet."""
    revision = store.status.revision
    service = revision.service(model_deployment.spec.feature_service) if revision else None
    written = {view.name for view in store.status.views if view.watermark is not None}
    known = {view.name for view in store.status.views}
    return [name for name in (service.views if service else ()) if name in known - written]
