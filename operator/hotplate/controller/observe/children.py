"""The children of a resource, as the cluster has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hotplate.api import ModelDeployment, Resource
from hotplate.controller.children.metadata import selector
from hotplate.controller.children.resource_files import resource_file_name
from hotplate.controller.children.scoring import scoring_name
from hotplate.controller.children.valkey import valkey_name
from hotplate.controller.kube.client import Cluster, KindMissingError
from hotplate.controller.kube.manifest import Manifest, ObjectKey, is_owned_by, object_key


class NameConflictError(Exception):
    """An object of a child's name exists and belongs to somebody else."""


@dataclass(frozen=True)
class LiveChildren:
    """The bodies of an owner's children, and the kinds that the cluster does not have."""

    bodies: Mapping[ObjectKey, Manifest]
    missing_kinds: frozenset[str] = frozenset()


async def live_children(
    cluster: Cluster, owner: Resource, keys: Iterable[ObjectKey]
) -> LiveChildren:
    """Return the owner's children among the keys; raise `NameConflictError`."""
    bodies, missing = {}, set()
    for key in keys:
        try:
            body = await cluster.get_strict(key, owner.metadata.namespace or "")
        except KindMissingError:
            missing.add(key.kind)
            continue
        if body is None:
            continue
        if not is_owned_by(body, owner.metadata.uid):
            raise NameConflictError(
                f"{key.kind} {key.name} exists and does not belong to this {owner.kind}: delete"
                f" it, or give the {owner.kind} another name"
            )
        bodies[key] = body
    return LiveChildren(bodies, frozenset(missing))


async def settings_files(
    cluster: Cluster, model_deployment: ModelDeployment, current: Iterable[ObjectKey]
) -> dict[ObjectKey, Manifest]:
    """Return the ConfigMaps with settings that are current, or older than the history kept.

    Those in between belong to pods of an earlier revision, or to a revision that may come back.
    """
    labels, namespace = selector(model_deployment, "settings"), model_deployment.metadata.namespace
    listed = await cluster.list("v1", "ConfigMap", namespace, labels)
    identity = {"apiVersion": "v1", "kind": "ConfigMap"}
    uid = model_deployment.metadata.uid
    bodies = [body | identity for body in listed if is_owned_by(body, uid)]
    newest = sorted(bodies, key=lambda body: str(body["metadata"]["creationTimestamp"]))[::-1]
    others = [body for body in newest if object_key(body) not in current]
    kept = others[: model_deployment.spec.revision_history_limit]
    return {object_key(body): body for body in bodies if body not in kept}


def child_keys(owner: Resource) -> tuple[ObjectKey, ...]:
    """Return the keys of all children that an owner may have, besides Jobs and settings."""
    if isinstance(owner, ModelDeployment):
        return _model_deployment_keys(owner)
    return (
        ObjectKey("v1", "ConfigMap", resource_file_name(owner)),
        ObjectKey("v1", "Service", valkey_name(owner)),
        ObjectKey("apps/v1", "StatefulSet", valkey_name(owner)),
    )


def _model_deployment_keys(model_deployment: ModelDeployment) -> tuple[ObjectKey, ...]:
    name = scoring_name(model_deployment)
    kinds = (
        ("apps/v1", "Deployment"),
        ("v1", "Service"),
        ("policy/v1", "PodDisruptionBudget"),
        ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("networking.k8s.io/v1", "Ingress"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("monitoring.coreos.com/v1", "ServiceMonitor"),
    )
    files = ObjectKey("v1", "ConfigMap", resource_file_name(model_deployment))
    return (files, *(ObjectKey(version, kind, name) for version, kind in kinds))
