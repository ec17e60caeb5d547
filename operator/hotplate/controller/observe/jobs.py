"""How the Jobs of a resource are doing, and which of their pods still run."""

from __future__ import annotations

from collections.abc import Iterable

from hotplate.api import FeatureStore, Resource
from hotplate.controller.children.metadata import selector
from hotplate.controller.kube.client import Cluster
from hotplate.controller.kube.manifest import Manifest, ObjectKey, is_owned_by, name_of
from hotplate.controller.observe.job_outcome import outcome
from hotplate.decide.jobs.specs import job_name, teardown_job
from hotplate.decide.observed import Outcome

_JOB_NAME_LABEL = "batch.kubernetes.io/job-name"
"""Kubernetes' own label of a Job's pods."""


async def job_outcomes(cluster: Cluster, owner: Resource) -> dict[str, Outcome]:
    """Return how the owner's Jobs are doing, by their names."""
    namespace, labels = owner.metadata.namespace, selector(owner, "job")
    listed = await cluster.list("batch/v1", "Job", namespace, labels)
    jobs = [job for job in listed if is_owned_by(job, owner.metadata.uid)]
    pods = await cluster.list("v1", "Pod", namespace, labels) if jobs else []
    return {name: outcome(job, _pods_of(name, pods)) for job in jobs if (name := name_of(job))}


async def teardown_outcome(cluster: Cluster, store: FeatureStore) -> dict[str, Outcome]:
    """Return how a FeatureStore's teardown Job is doing, by its name; empty without one.

    The Job has no owner; its name has the FeatureStore's UID.
    """
    name, namespace = job_name(store, teardown_job(store)), store.metadata.namespace or ""
    body = await cluster.get(ObjectKey("batch/v1", "Job", name), namespace)
    if body is None:
        return {}
    pods = await cluster.list("v1", "Pod", namespace, f"{_JOB_NAME_LABEL}={name}")
    return {name: outcome(body, pods)}


async def active_job_pods(cluster: Cluster, owner: Resource) -> tuple[str, ...]:
    """Return the names of the pods of an owner's Jobs that have not ended."""
    pods = await cluster.list("v1", "Pod", owner.metadata.namespace, selector(owner, "job"))
    return tuple(
        name_of(pod)
        for pod in pods
        if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
    )


def _pods_of(job: str, pods: Iterable[Manifest]) -> list[Manifest]:
    return [pod for pod in pods if pod["metadata"].get("labels", {}).get(_JOB_NAME_LABEL) == job]
