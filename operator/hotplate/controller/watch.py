"""Which events reconcile what. Kopf only watches: it leaves no mark on any object."""

from __future__ import annotations

from typing import Any

import kopf

from hotplate.api.v1alpha1 import names
from hotplate.controller.settings import CHILDREN, configure

KINDS = {
    names.FEATURE_STORE: names.FEATURE_STORES,
    names.MODEL_DEPLOYMENT: names.MODEL_DEPLOYMENTS,
}


def register(registry: kopf.OperatorRegistry) -> None:
    """Register the handlers; `memo` has `settings`, `triggers` and `readers`."""
    kopf.on.startup(registry=registry)(start)
    kopf.on.login(registry=registry)(login)
    for plural in KINDS.values():
        kopf.on.event(names.GROUP, names.VERSION, plural, registry=registry)(resource_changed)
    for group, version, plural in CHILDREN:
        kopf.on.event(group, version, plural, registry=registry)(child_changed)


async def start(settings: kopf.OperatorSettings, memo: Any, **_: Any) -> None:
    """Set what Kopf is to do."""
    configure(settings, memo.settings)


async def login(memo: Any, **arguments: Any) -> Any:
    """Log in as the cluster module does: by the kubeconfig, else as this pod's ServiceAccount."""
    if memo.settings.kubeconfig is not None:
        return kopf.login_with_kubeconfig(**arguments)
    return kopf.login_with_service_account(**arguments)


async def resource_changed(type: str | None, body: kopf.Body, memo: Any, **_: Any) -> None:  # noqa: A002
    """Reconcile the resource that changed, and what reads it."""
    kind, metadata = str(body["kind"]), body["metadata"]
    key = (kind, str(metadata["namespace"]), str(metadata["name"]))
    if type == "DELETED":
        memo.triggers.forget(key)
    else:
        memo.triggers.soon(key, metadata["resourceVersion"])
    for reader in memo.readers.of(key, body, gone=type == "DELETED"):
        memo.triggers.soon(reader)


async def child_changed(type: str | None, body: kopf.Body, memo: Any, **_: Any) -> None:  # noqa: A002
    """Reconcile the resource that owns the object that changed, or that it outlives."""
    metadata = body["metadata"]
    owners = [
        (str(reference["kind"]), str(reference["name"]))
        for reference in metadata.get("ownerReferences", ())
        if reference["kind"] in KINDS and reference["apiVersion"] == names.API_VERSION
    ]
    if (outlived := metadata.get("annotations", {}).get(names.OWNER_ANNOTATION)) is not None:
        owners.append((str(metadata["labels"][names.OWNER_KIND_LABEL]), str(outlived)))
    version = None if type == "DELETED" else metadata["resourceVersion"]
    for kind, name in owners:
        memo.triggers.soon((kind, str(metadata["namespace"]), name), version)
