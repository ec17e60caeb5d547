"""The same two resources under plain Kopf handlers, as a first operator is usually written.

The decisions and the children are Hotplate's own. What differs is what is around them: handlers of
create, update and resume, a timer, a handler of the Jobs' status with Kopf's annotations; every
child is applied and the status written whenever a handler runs, whether it changed or not.
"""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from typing import Any

import kopf

from hotplate.api import FeatureStore, parse_resource
from hotplate.api.v1alpha1 import names
from hotplate.controller.children import feature_store_children, model_deployment_children
from hotplate.controller.children.jobs import JobContext, job
from hotplate.controller.children.scoring import scoring_name
from hotplate.controller.kube.client import Cluster, connected
from hotplate.controller.kube.manifest import ObjectKey
from hotplate.controller.observe.jobs import job_outcomes
from hotplate.controller.observe.references import feature_store
from hotplate.controller.observe.serving import serving
from hotplate.controller.settings import OperatorSettings
from hotplate.decide.feature_store import decide as decide_feature_store
from hotplate.decide.model_deployment import decide as decide_model_deployment
from hotplate.decide.observed import FeatureStoreObserved, ModelDeploymentObserved

SETTINGS = OperatorSettings()
RESYNC = float(os.environ["HOTPLATE_RESYNC"])
NAMESPACE = os.environ["HOTPLATE_NAMESPACES"]


class PlainReconciler:
    """Applies all there should be, every time."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def reconcile(self, kind: str, name: str) -> None:
        body = await self._cluster.get(ObjectKey(names.API_VERSION, kind, name), NAMESPACE)
        if body is None:
            return
        resource = parse_resource(body)
        now = datetime.now(UTC).replace(microsecond=0)
        outcomes = await job_outcomes(self._cluster, resource)
        if isinstance(resource, FeatureStore):
            store: FeatureStore | None = resource
            decision: Any = decide_feature_store(
                resource, FeatureStoreObserved(now=now, outcomes=outcomes)
            )
            children = feature_store_children(resource, SETTINGS.valkey_image)
        else:
            ref = resource.spec.feature_store_ref.name
            store = await feature_store(self._cluster, NAMESPACE, ref)
            key = ObjectKey("apps/v1", "Deployment", scoring_name(resource))
            deployment = await self._cluster.get(key, NAMESPACE)
            decision = decide_model_deployment(
                resource,
                ModelDeploymentObserved(
                    now=now,
                    store=store,
                    outcomes=outcomes,
                    serving=serving(resource, deployment, ()),
                ),
            )
            children = ()
            if decision.serve is not None and store is not None:
                image = SETTINGS.serving_image
                children = model_deployment_children(resource, store, decision.serve, image)
        for child in children:
            await self._cluster.apply(child)
        for job_spec in decision.to_start if store is not None else ():
            await self._cluster.apply(
                job(JobContext(resource, store, SETTINGS.jobs_image), job_spec)
            )
        status = decision.status.model_dump(mode="json", by_alias=True, exclude_none=True)
        metadata = {"name": name, "namespace": NAMESPACE}
        identity = {"apiVersion": names.API_VERSION, "kind": kind, "metadata": metadata}
        await self._cluster.apply_status(identity | {"status": status})


async def resource_changed(body: kopf.Body, memo: Any, **_: Any) -> None:
    await memo.reconciler.reconcile(body["kind"], body["metadata"]["name"])


async def child_changed(body: kopf.Body, memo: Any, **_: Any) -> None:
    for owner in body["metadata"].get("ownerReferences", ()):
        await memo.reconciler.reconcile(owner["kind"], owner["name"])


def registry() -> kopf.OperatorRegistry:
    found = kopf.OperatorRegistry()
    kopf.on.login(registry=found)(kopf.login_with_kubeconfig)
    for plural in (names.FEATURE_STORES, names.MODEL_DEPLOYMENTS):
        kind = (names.GROUP, names.VERSION, plural)
        kopf.on.create(*kind, registry=found)(resource_changed)
        kopf.on.update(*kind, registry=found)(resource_changed)
        kopf.on.resume(*kind, registry=found)(resource_changed)
        kopf.timer(*kind, interval=RESYNC, initial_delay=RESYNC, registry=found)(resource_changed)
    kopf.on.field("batch", "v1", "jobs", field="status", registry=found)(child_changed)
    kopf.on.event("apps", "v1", "deployments", registry=found)(child_changed)
    return found


async def main() -> None:
    kopf.configure(log_format=kopf.LogFormat.JSON)
    async with connected(os.environ["KUBECONFIG"]) as cluster:
        await kopf.operator(
            registry=registry(),
            memo=kopf.Memo(reconciler=PlainReconciler(cluster)),
            standalone=True,
            namespaces=[NAMESPACE],
        )


if __name__ == "__main__":
    asyncio.run(main())
