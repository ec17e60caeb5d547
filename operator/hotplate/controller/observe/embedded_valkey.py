"""Whether the embedded Valkey answers, and what its pod waits for."""

from __future__ import annotations

from hotplate.api import FeatureStore
from hotplate.controller.children.valkey import valkey_name
from hotplate.controller.kube.client import Cluster
from hotplate.controller.kube.manifest import ObjectKey
from hotplate.controller.observe.hints import with_hint
from hotplate.controller.observe.pod_state import waiting
from hotplate.decide.observed import Valkey


async def embedded_valkey(cluster: Cluster, store: FeatureStore) -> Valkey | None:
    """Return the state of the embedded Valkey, if the FeatureStore has one."""
    if not store.spec.uses_embedded_store:
        return None
    key = ObjectKey("v1", "Pod", f"{valkey_name(store)}-0")
    pod = await cluster.get(key, store.metadata.namespace or "")
    if pod is None:
        return Valkey(ready=False, pod_uid=store.status.embedded_store_pod_uid)
    status = pod.get("status", {})
    conditions = {each["type"]: each["status"] for each in status.get("conditions", ())}
    waits_for = waiting(pod)
    return Valkey(
        ready=conditions.get("Ready") == "True",
        pod_uid=str(pod["metadata"]["uid"]),
        waits_for=(waits_for[0], with_hint(*waits_for)) if waits_for else None,
    )
