"""What Kopf watches, and which events add which resource to the queue.

Kopf only watches: it leaves no finalizer, annotation or Event on any object.
"""

from __future__ import annotations

from typing import Any, cast

import kopf

from hotplate.api.v1alpha1 import names
from hotplate.controller.resource_key import ResourceKey
from hotplate.controller.settings import OperatorSettings

KINDS = {
    names.FEATURE_STORE: names.FEATURE_STORES,
    names.MODEL_DEPLOYMENT: names.MODEL_DEPLOYMENTS,
}

CHILDREN = (
    ("batch", "v1", "jobs"),
    ("apps", "v1", "deployments"),
    ("apps", "v1", "statefulsets"),
    ("policy", "v1", "poddisruptionbudgets"),
    ("autoscaling", "v2", "horizontalpodautoscalers"),
    ("networking.k8s.io", "v1", "networkpolicies"),
    ("networking.k8s.io", "v1", "ingresses"),
    ("", "v1", "services"),
    ("", "v1", "configmaps"),
)
"""Kinds of children that are watched, so that a manual change is undone within seconds."""


def register(registry: kopf.OperatorRegistry) -> None:
    """Register the handlers; `memo` has `settings`, `queue` and `dependents`."""
    kopf.on.startup(registry=registry)(start)
    kopf.on.login(registry=registry)(login)
    for plural in KINDS.values():
        kopf.on.event(names.GROUP, names.VERSION, plural, registry=registry)(resource_changed)
    for group, version, plural in CHILDREN:
        kopf.on.event(group, version, plural, registry=registry)(child_changed)


async def start(settings: kopf.OperatorSettings, memo: Any, **_: Any) -> None:
    """Configure Kopf."""
    configure(settings, memo.settings)


async def login(memo: Any, **arguments: Any) -> Any:
    """Log in as the client does: by the kubeconfig, else as this pod's ServiceAccount."""
    if memo.settings.kubeconfig is not None:
        return kopf.login_with_kubeconfig(**arguments)
    return kopf.login_with_service_account(**arguments)


async def resource_changed(type: str | None, body: kopf.Body, memo: Any, **_: Any) -> None:  # noqa: A002
    """Reconcile the resource that changed, and those that depend on it."""
    kind, metadata = str(body["kind"]), body["metadata"]
    key = ResourceKey(kind, str(metadata["namespace"]), str(metadata["name"]))
    if type == "DELETED":
        memo.queue.forget(key)
    else:
        memo.queue.add(key, metadata["resourceVersion"])
    for other in memo.dependents.update(key, body, is_deleted=type == "DELETED"):
        memo.queue.add(other)


async def child_changed(type: str | None, body: kopf.Body, memo: Any, **_: Any) -> None:  # noqa: A002
    """Reconcile the resource that owns the changed object, or that the object outlives."""
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
        memo.queue.add(ResourceKey(kind, str(metadata["namespace"]), name), version)


class NoDiffs(kopf.DiffBaseStorage):
    """Stores nothing to compare an object with: handlers of plain events need no difference.

    Otherwise Kopf would copy the body of every event, twice.
    """

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Return nothing of the object."""
        return cast("kopf.BodyEssence", {})

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        """Return the last handled object, which is never stored."""
        return None

    def store(self, **_: Any) -> None:
        """Store nothing."""


def configure(settings: kopf.OperatorSettings, operator: OperatorSettings) -> None:
    """Configure Kopf to watch only, and children only by their label.

    The prefixes are Hotplate's all the same, so that a handler which needs them would not disturb
    another Kopf operator. Kopf removes its own finalizer from objects that no handler needs it on,
    so it differs from the one that a FeatureStore's deletion waits for.
    """
    settings.persistence.finalizer = f"{names.GROUP}/kopf"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=names.GROUP)
    settings.persistence.diffbase_storage = NoDiffs()
    settings.execution.default_backoff = 10
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.networking.request_timeout = 30
    settings.networking.enforce_retry_after = True
    settings.watching.server_timeout = 10 * 60
    settings.watching.chunk_size = 100
    settings.queueing.worker_limit = 200
    settings.queueing.idle_timeout = 0.1  # s; until then a worker keeps its object in memory
    settings.scanning.disabled = bool(operator.namespaces)
    owned = f"{names.MANAGED_BY_LABEL}=hotplate"
    for group, version, plural in CHILDREN:
        settings.watching.label_selectors[group, version, plural] = owned
