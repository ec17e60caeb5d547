"""Reconciles a FeatureStore that is being deleted, and manages its finalizer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1 import names
from hotplate.controller.children.jobs import JobContext, job
from hotplate.controller.children.resource_files import teardown_file, teardown_file_name
from hotplate.controller.kube.client import Cluster, NamespaceTerminatingError
from hotplate.controller.kube.manifest import Manifest, ObjectKey
from hotplate.controller.observe.jobs import active_job_pods, job_outcomes, teardown_outcome
from hotplate.controller.observe.references import dependents
from hotplate.controller.status_writer import write_status
from hotplate.decide.deletion import DeletionDecision, DeletionObserved, decide
from hotplate.decide.jobs.specs import JobSpec, job_name, teardown_job


def has_finalizer(body: Manifest) -> bool:
    """Return whether the object waits for the operator before it goes."""
    return names.FINALIZER in body["metadata"].get("finalizers", ())


async def ensure_finalizer(cluster: Cluster, store: FeatureStore) -> None:
    """Put the finalizer on a FeatureStore whose data is to be removed, and on no other."""
    has_it, needs_it = names.FINALIZER in store.metadata.finalizers, store.spec.is_torn_down
    if has_it != needs_it:
        await _apply_finalizers(cluster, store, [names.FINALIZER] if needs_it else [])


async def reconcile_deletion(
    cluster: Cluster, context: JobContext, known: DeletionObserved
) -> datetime | None:
    """Take the next step of a deletion; return when to reconcile again, None at its end.

    `known` is completed by the FeatureStore's Jobs, their pods and its dependents.
    """
    store = context.feature_store
    observed = replace(
        known,
        jobs=tuple(sorted(await job_outcomes(cluster, store))),
        pods=await active_job_pods(cluster, store),
        dependents=await dependents(cluster, store),
        outcomes=await teardown_outcome(cluster, store),
    )

    decision = decide(store, observed)

    namespace = store.metadata.namespace or ""
    for name in decision.to_delete:
        await cluster.delete(ObjectKey("batch/v1", "Job", name), namespace)
    if decision.to_start is not None:
        decision = await _start(cluster, context, decision.to_start, (observed, decision))
    if decision.status is not None:
        await write_status(cluster, store, decision.status)
    if decision.is_complete:
        await _remove_finalizer(cluster, store)
        return None
    return decision.requeue_at


async def _start(
    cluster: Cluster,
    context: JobContext,
    job_spec: JobSpec,
    decided: tuple[DeletionObserved, DeletionDecision],
) -> DeletionDecision:
    """Start the Job; in a namespace that is being deleted, return another decision."""
    observed, decision = decided
    try:
        await cluster.apply(teardown_file(context.owner))
        await cluster.apply(job(context, job_spec))
    except NamespaceTerminatingError:
        return decide(context.feature_store, replace(observed, is_namespace_terminating=True))
    return decision


async def _remove_finalizer(cluster: Cluster, store: FeatureStore) -> None:
    """Delete what outlives the FeatureStore, then remove the finalizer, so that nothing is left."""
    namespace, teardown = store.metadata.namespace or "", job_name(store, teardown_job(store))
    await cluster.delete(ObjectKey("batch/v1", "Job", teardown), namespace)
    await cluster.delete(ObjectKey("v1", "ConfigMap", teardown_file_name(store)), namespace)
    await _apply_finalizers(cluster, store, [])


async def _apply_finalizers(cluster: Cluster, store: FeatureStore, finalizers: list[str]) -> None:
    """Apply the operator's finalizers; with the UID a deleted FeatureStore is not recreated."""
    metadata = {
        "name": store.metadata.name,
        "namespace": store.metadata.namespace,
        "uid": store.metadata.uid,
        **({"finalizers": finalizers} if finalizers else {}),
    }
    identity = {"apiVersion": store.api_version, "kind": store.kind}
    await cluster.apply(identity | {"metadata": metadata})
