"""Stops the operator, then removes its finalizer from every FeatureStore that it watched.

Runs before the release is deleted: without an operator, the finalizer would block a deletion for
ever. The FeatureStores' data stays in the online store.
"""

import os
import time

from kubernetes import client, config

from hotplate.api.v1alpha1 import names

KIND = (names.GROUP, names.VERSION)
NAMESPACES = [name for name in os.environ.get("HOTPLATE_NAMESPACES", "").split(",") if name]
STOP_SECONDS = 60


def main() -> None:
    """Do both for the release that the environment names."""
    config.load_config()
    stop_operator(os.environ["OPERATOR_NAMESPACE"], os.environ["OPERATOR_NAME"])
    for store in feature_stores():
        remove_finalizer(store["metadata"])


def stop_operator(namespace: str, name: str) -> None:
    """Scale the operator to zero and wait until it is gone, or it would restore the finalizer."""
    apps = client.AppsV1Api()
    apps.patch_namespaced_deployment(name, namespace, {"spec": {"replicas": 0}})
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if not apps.read_namespaced_deployment(name, namespace).status.replicas:
            return
        time.sleep(1)


def feature_stores() -> list[dict]:
    """Return the FeatureStores of the watched namespaces, or of the whole cluster."""
    api, plural = client.CustomObjectsApi(), names.FEATURE_STORES
    if not NAMESPACES:
        return api.list_cluster_custom_object(*KIND, plural)["items"]
    listed = [api.list_namespaced_custom_object(*KIND, name, plural) for name in NAMESPACES]
    return [item for answer in listed for item in answer["items"]]


def remove_finalizer(metadata: dict) -> None:
    """Remove the finalizer from a FeatureStore that has it, and leave those of others."""
    finalizers = metadata.get("finalizers", [])
    if names.FINALIZER not in finalizers:
        return
    others = [finalizer for finalizer in finalizers if finalizer != names.FINALIZER]
    version = metadata["resourceVersion"]
    change = {"metadata": {"finalizers": others, "resourceVersion": version}}
    where = (metadata["namespace"], names.FEATURE_STORES, metadata["name"])
    client.CustomObjectsApi().patch_namespaced_custom_object(*KIND, *where, change)
    print(f"removed the finalizer of {metadata['namespace']}/{metadata['name']}")  # noqa: T201


if __name__ == "__main__":
    main()
