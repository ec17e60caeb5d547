"""What all pods have in common: no Kubernetes rights, no root, a read-only root file system."""

from __future__ import annotations

from hotplate.api.fields.base import KeyRef
from hotplate.api.v1alpha1.pods import PodSettings, ResourceRequirements
from hotplate.controller.kube.manifest import Manifest, without_empty

USER = 65532
"""The user and group of Hotplate's images."""

TEMPORARY = "tmp"

CONTAINER_SECURITY: Manifest = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def pod_spec(
    settings: PodSettings, containers: list[Manifest], volumes: list[Manifest]
) -> Manifest:
    """Return the spec of a pod under the restricted Pod Security standard, with a /tmp."""
    secrets = [secret.model_dump(by_alias=True) for secret in settings.image_pull_secrets]
    tolerations = [
        toleration.model_dump(mode="json", by_alias=True, exclude_none=True)
        for toleration in settings.tolerations
    ]
    return without_empty(
        {
            "serviceAccountName": settings.service_account_name,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "imagePullSecrets": secrets,
            "nodeSelector": dict(settings.node_selector),
            "tolerations": tolerations,
            "containers": containers,
            "volumes": [empty_dir(TEMPORARY), *volumes],
        }
    )


def container(settings: PodSettings, name: str, image: str) -> Manifest:
    """Return a container of the pod, without command, environment or mounts of its own."""
    return without_empty(
        {
            "name": name,
            "image": image,
            "imagePullPolicy": settings.image_pull_policy.value,
            "securityContext": CONTAINER_SECURITY,
            "resources": resources(settings.resources),
            "terminationMessagePolicy": "FallbackToLogsOnError",
        }
    )


def resources(wanted: ResourceRequirements) -> Manifest:
    """Return the requests and limits of a container."""
    return without_empty(wanted.model_dump(mode="json", by_alias=True))


def environment(settings: PodSettings) -> list[Manifest]:
    """Return the environment variables of the resource; values of Secrets stay references."""
    return [_variable(variable.model_dump(by_alias=True)) for variable in settings.env]


def secret_variable(name: str, ref: KeyRef) -> Manifest:
    """Return an environment variable whose value the kubelet reads from a Secret."""
    return {"name": name, "valueFrom": {"secretKeyRef": ref.model_dump()}}


def empty_dir(name: str, *, in_memory: bool = False) -> Manifest:
    """Return a volume that lives as long as the pod, in memory if asked."""
    return {"name": name, "emptyDir": {"medium": "Memory"} if in_memory else {}}


def mount(name: str, path: str, *, read_only: bool = False) -> Manifest:
    """Return the mount of a volume."""
    return {"name": name, "mountPath": path, **({"readOnly": True} if read_only else {})}


def claim(name: str, claim_name: str) -> Manifest:
    """Return the volume of a PersistentVolumeClaim."""
    return {"name": name, "persistentVolumeClaim": {"claimName": claim_name}}


def _variable(given: Manifest) -> Manifest:
    if given["value"] is not None:
        return {"name": given["name"], "value": given["value"]}
    sources = {key: given[key] for key in ("secretKeyRef", "configMapKeyRef") if given[key]}
    return {"name": given["name"], "valueFrom": sources}
