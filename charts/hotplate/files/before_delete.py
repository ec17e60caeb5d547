"""Ends the operator, then takes its finalizer off every resource that it watched.

Runs before the release is deleted: with no operator left, a finalizer would hold a resource for
ever. What the resources keep in the online store stays there.
"""

import os
import time

from kubernetes import client, config

from hotplate.api.v1alpha1 import names

NAMESPACES = [name for name in os.environ.get("HOTPLATE_NAMESPACES", "").split(",") if name]
STOP_SECONDS = 60


def main() -> None:
    """Do both for the release that the environment names."""
    config.load_config()
    stop_operator(os.environ["OPERATOR_NAMESPACE"], os.environ["OPERATOR_NAME"])
    for plural in (names.FEATURE_STORES, names.MODEL_DEPLOYMENTS):
        for resource in resources(plural):
            release(plural, resource["metadata"])


def stop_operator(namespace: str, name: str) -> None:
    """Scale the operator to nothing and wait until it is gone: it would put the finalizer back."""
    apps = client.AppsV1Api()
    apps.patch_namespaced_deployment(name, namespace, {"spec": {"replicas": 0}})
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if not apps.read_namespaced_deployment(name, namespace).status.replicas:
            return
        time.sleep(1)


def resources(plural: str) -> list[dict]:
    """Return a kind's resources in the watched namespaces, or of the whole cluster."""
    api, kind = client.CustomObjectsApi(), (names.GROUP, names.VERSION)
    if not NAMESPACES:
        return api.list_cluster_custom_object(*kind, plural)["items"]
    listed = [api.list_namespaced_custom_object(*kind, name, plural) for name in NAMESPACES]
    return [item for answer in listed for item in answer["items"]]


def release(plural: str, metadata: dict) -> None:
    """Take the finalizer off a resource that has it."""
    finalizers = metadata.get("finalizers", [])
    if names.FINALIZER not in finalizers:
        return
    kept = [finalizer for finalizer in finalizers if finalizer != names.FINALIZER]
    version = metadata["resourceVersion"]
    change = {"metadata": {"finalizers": kept, "resourceVersion": version}}
    api, kind = client.CustomObjectsApi(), (names.GROUP, names.VERSION)
    where = (metadata["namespace"], plural, metadata["name"])
    api.patch_namespaced_custom_object(*kind, *where, change)
    print(f"released {plural}/{metadata['name']} in {metadata['namespace']}")  # noqa: T201


if __name__ == "__main__":
    main()
