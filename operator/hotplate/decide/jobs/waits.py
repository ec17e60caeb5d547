"""Why a pod does not start: Kubernetes' reasons, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

WAITS: Mapping[str, str] = MappingProxyType(
    {
        "ImagePullBackOff": "the image cannot be pulled: check its name and imagePullSecrets",
        "InvalidImageName": "the image's name is not valid",
        "CreateContainerConfigError": "a Secret or ConfigMap that the pod names does not exist",
        "CreateContainerError": "the node cannot create the container: check command and mounts",
        "Unschedulable": "no node takes the pod: check resources, nodeSelector and tolerations",
    }
)
"""What to do about each reason. Such a pod may wait forever."""
