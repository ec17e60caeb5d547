"""One reconcile of a FeatureStore that is being deleted, and the finalizer that it waits by."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1 import names
from hotplate.controller.children.jobs import JobContext, job
from hotplate.controller.children.resource_files import teardown_file, teardown_file_name
from hotplate.controller.kube.apply_plan import Key
from hotplate.controller.kube.client import Cluster, NamespaceTerminatingError
from hotplate.controller.observe import observe
from hotplate.controller.status_writer import report
from hotplate.decide.deletion import DeletionDecision, DeletionObserved, decide
from hotplate.decide.job_specs import Work, job_name, teardown_work


async def hold(cluster: Cluster, store: FeatureStore) -> None:
    """Have the finalizer on a FeatureStore whose data is to be removed, and on no other."""
    is_held, is_wanted = names.FINALIZER in store.metadata.finalizers, store.spec.is_torn_down
    if is_held != is_wanted:
        await _set_finalizer(cluster, store, is_wanted=is_wanted)


async def depart(cluster: Cluster, context: JobContext, known: DeletionObserved) -> datetime | None:
    """Bring a FeatureStore nearer to its end; return when to look again, None when it may go.

    What is `known` is completed by what its Jobs, their pods and its readers tell.
    """
    store = context.feature_store
    observed = replace(
        known,
        jobs=tuple(sorted(await observe.outcomes(cluster, store))),
        pods=await observe.job_pods(cluster, store),
        readers=await observe.readers(cluster, store),
        outcomes=await observe.teardown(cluster, store),
    )

    decision = decide(store, observed)

    namespace = store.metadata.namespace or ""
    for name in decision.given_up:
        await cluster.delete(Key("batch/v1", "Job", name), namespace)
    if decision.work is not None:
        decision = await _started(cluster, context, decision.work, (observed, decision))
    if decision.status is not None:
        await report(cluster, store, decision.status)
    if decision.may_go:
        await _release(cluster, store)
        return None
    return decision.wake_at


async def _started(
    cluster: Cluster,
    context: JobContext,
    work: Work,
    decided: tuple[DeletionObserved, DeletionDecision],
) -> DeletionDecision:
    """Start the Job; where that cannot be, return what there is to say instead."""
    observed, decision = decided
    try:
        await cluster.apply(teardown_file(context.owner))
        await cluster.apply(job(context, work))
    except NamespaceTerminatingError:
        return decide(context.feature_store, replace(observed, is_namespace_going=True))
    return decision


async def _release(cluster: Cluster, store: FeatureStore) -> None:
    """Delete what outlives the FeatureStore, then let it go; last, so that nothing is left."""
    namespace = store.metadata.namespace or ""
    await cluster.delete(Key("batch/v1", "Job", job_name(store, teardown_work(store))), namespace)
    await cluster.delete(Key("v1", "ConfigMap", teardown_file_name(store)), namespace)
    await _set_finalizer(cluster, store, is_wanted=False)


async def _set_finalizer(cluster: Cluster, store: FeatureStore, *, is_wanted: bool) -> None:
    """Put the finalizer on or off; the UID keeps it from making a FeatureStore that is gone."""
    metadata = {
        "name": store.metadata.name,
        "namespace": store.metadata.namespace,
        "uid": store.metadata.uid,
        **({"finalizers": [names.FINALIZER]} if is_wanted else {}),
    }
    identity = {"apiVersion": store.api_version, "kind": store.kind}
    await cluster.apply(identity | {"metadata": metadata})
