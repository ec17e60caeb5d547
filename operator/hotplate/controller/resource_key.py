"""What identifies a FeatureStore or a ModelDeployment in the cluster."""

from __future__ import annotations

from typing import NamedTuple

from hotplate.api import Resource


class ResourceKey(NamedTuple):
    """Kind, namespace and name."""

    kind: str
    namespace: str
    name: str


def resource_key(resource: Resource) -> ResourceKey:
    """Return the key of a resource."""
    metadata = resource.metadata
    return ResourceKey(resource.kind, metadata.namespace or "", metadata.name)
