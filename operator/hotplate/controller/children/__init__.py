"""What should exist, as data: one builder for each kind of child.

A builder takes the resources and returns a manifest; nothing here talks to a cluster.
"""

from __future__ import annotations

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.api.v1alpha1.model_deployment_status import PinnedModel
from hotplate.controller.children import access
from hotplate.controller.children.resource_files import resource_file, settings_file
from hotplate.controller.children.scoring import Installed, deployment
from hotplate.controller.children.valkey import embedded_url, valkey_service, valkey_stateful_set
from hotplate.controller.kube.manifest import Manifest
from hotplate.decide.model_deployment import Serve
from hotplate.decide.serving_settings import Pinned, serving_settings

__all__ = ["feature_store_children", "model_deployment_children"]


def feature_store_children(feature_store: FeatureStore, valkey_image: str) -> tuple[Manifest, ...]:
    """Return the children of a FeatureStore, besides its Jobs."""
    files = resource_file(feature_store, feature_store)
    if not feature_store.spec.uses_embedded_store:
        return (files,)
    stateful_set = valkey_stateful_set(feature_store, valkey_image)
    return (files, valkey_service(feature_store), stateful_set)


def model_deployment_children(
    model_deployment: ModelDeployment,
    feature_store: FeatureStore,
    serve: Serve,
    serving_image: str,
) -> tuple[Manifest, ...]:
    """Return the children of a ModelDeployment, in the order in which each needs those before."""
    files = resource_file(model_deployment, feature_store, model_deployment)
    if serve.model is None:
        return (files,)
    installed = Installed(serve.restart_hash, serving_image)
    return (files, *_serving_children(model_deployment, feature_store, serve.model, installed))


def _serving_children(
    model_deployment: ModelDeployment,
    feature_store: FeatureStore,
    model: PinnedModel,
    installed: Installed,
) -> tuple[Manifest, ...]:
    pinned = Pinned(model.read_plan, model.version, model.artifact)
    embedded = embedded_url(feature_store) if feature_store.spec.uses_embedded_store else None
    settings = settings_file(
        model_deployment,
        serving_settings(feature_store, model_deployment, pinned, embedded).document(),
    )
    optional = (
        access.disruption_budget(model_deployment),
        access.autoscaler(model_deployment),
        access.network_policy(model_deployment),
        access.ingress(model_deployment),
        access.http_route(model_deployment),
    )
    return (
        settings,
        deployment(model_deployment, feature_store, settings, installed),
        access.service(model_deployment),
        access.service_monitor(model_deployment),
        *(manifest for manifest in optional if manifest is not None),
    )
