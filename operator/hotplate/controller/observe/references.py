"""What a resource refers to, and which resources refer to it."""

from __future__ import annotations

from collections.abc import Iterable

from hotplate.api import FeatureStore, ManifestError, Resource, parse_resource
from hotplate.api.v1alpha1 import names
from hotplate.controller.kube.client import Cluster
from hotplate.controller.kube.manifest import ObjectKey, is_being_deleted, name_of
from hotplate.decide.references import Reference
from hotplate.protocol.readers import Reader


async def reference_versions(
    cluster: Cluster, owner: Resource, references: Iterable[Reference]
) -> dict[str, str | None]:
    """Return the version of each object that the resource names, None where it is missing."""
    namespace = owner.metadata.namespace or ""
    return {
        f"{kind}/{name}": await cluster.version(ObjectKey("v1", kind, name), namespace)
        for kind, name in sorted(references)
    }


async def feature_store(cluster: Cluster, namespace: str, name: str) -> FeatureStore | None:
    """Return the FeatureStore, None if it does not exist, is invalid or is being deleted."""
    key = ObjectKey(names.API_VERSION, names.FEATURE_STORE, name)
    body = await cluster.get(key, namespace)
    if body is None or is_being_deleted(body):
        return None
    try:
        resource = parse_resource(body)
    except ManifestError:
        return None
    return resource if isinstance(resource, FeatureStore) else None


async def dependents(cluster: Cluster, store: FeatureStore) -> tuple[str, ...]:
    """Return the names of the ModelDeployments that use a FeatureStore."""
    namespace = store.metadata.namespace
    bodies = await cluster.list(names.API_VERSION, names.MODEL_DEPLOYMENT, namespace)
    refs = {name_of(body): body["spec"].get("featureStoreRef", {}).get("name") for body in bodies}
    return tuple(sorted(name for name, ref in refs.items() if ref == store.metadata.name))


async def readers(cluster: Cluster, store: FeatureStore) -> tuple[Reader, ...]:
    """Return the live ModelDeployments that read a FeatureStore's online data.

    One whose manifest is invalid keeps serving, so bodies are read as they are.
    """
    namespace = store.metadata.namespace
    bodies = await cluster.list(names.API_VERSION, names.MODEL_DEPLOYMENT, namespace)
    return tuple(
        Reader(name_of(body), str(spec.get("featureService")), read_plan)
        for body in bodies
        if (spec := body["spec"]).get("featureStoreRef", {}).get("name") == store.metadata.name
        and (read_plan := body.get("status", {}).get("model", {}).get("readPlan"))
    )
