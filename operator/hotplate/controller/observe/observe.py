"""What a decision is made on, read from the cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hotplate.api import FeatureStore, ModelDeployment, Resource, parse_resource
from hotplate.api.loading.manifests import ManifestError
from hotplate.api.v1alpha1 import names
from hotplate.controller.children.metadata import labels
from hotplate.controller.children.resource_files import resource_file_name
from hotplate.controller.children.scoring import COMPONENT, scoring_name
from hotplate.controller.children.valkey import valkey_name
from hotplate.controller.kube.apply_plan import Key, key_of
from hotplate.controller.kube.client import Cluster, KindMissingError
from hotplate.controller.kube.manifest import Manifest
from hotplate.controller.observe.job_outcome import outcome
from hotplate.controller.observe.pod_state import said, waiting
from hotplate.decide.job_specs import job_name, teardown_work
from hotplate.decide.observed import Outcome, Valkey
from hotplate.decide.references import Reference

JOB_NAME_LABEL = "batch.kubernetes.io/job-name"


class NameConflictError(Exception):
    """An object of a child's name is there and belongs to somebody else."""


@dataclass(frozen=True)
class Live:
    """The bodies of an owner's children, and the kinds that the cluster does not have."""

    bodies: Mapping[Key, Manifest]
    missing_kinds: frozenset[str] = frozenset()


async def owned(cluster: Cluster, owner: Resource, keys: Iterable[Key]) -> Live:
    """Return the owner's children among the keys; raise `NameConflictError`."""
    bodies, missing = {}, set()
    for key in keys:
        try:
            body = await cluster.look(key, owner.metadata.namespace or "")
        except KindMissingError:
            missing.add(key.kind)
            continue
        if body is None:
            continue
        if not _is_owned(body, owner):
            raise NameConflictError(
                f"{key.kind} {key.name} is there and is not of this {owner.kind}: delete it, or"
                f" give the {owner.kind} another name"
            )
        bodies[key] = body
    return Live(bodies, frozenset(missing))


async def outcomes(cluster: Cluster, owner: Resource) -> dict[str, Outcome]:
    """Return how the owner's Jobs are doing, by their names."""
    namespace, selector = owner.metadata.namespace, _selector(owner, "job")
    listed = await cluster.list("batch/v1", "Job", namespace, selector)
    jobs = [job for job in listed if _is_owned(job, owner)]
    pods = await cluster.list("v1", "Pod", namespace, selector) if jobs else []
    return {name: outcome(job, _pods_of(name, pods)) for job in jobs if (name := _name(job))}


async def teardown(cluster: Cluster, store: FeatureStore) -> dict[str, Outcome]:
    """Return how the Job that removes a FeatureStore's data is doing, by its name, if there is one.

    It is not an owner's child; its name holds the FeatureStore's UID.
    """
    name, namespace = job_name(store, teardown_work(store)), store.metadata.namespace or ""
    body = await cluster.get(Key("batch/v1", "Job", name), namespace)
    if body is None:
        return {}
    pods = await cluster.list("v1", "Pod", namespace, f"{JOB_NAME_LABEL}={name}")
    return {name: outcome(body, pods)}


async def job_pods(cluster: Cluster, owner: Resource) -> tuple[str, ...]:
    """Return the names of the pods of an owner's Jobs that have not ended."""
    pods = await cluster.list("v1", "Pod", owner.metadata.namespace, _selector(owner, "job"))
    return tuple(
        _name(pod)
        for pod in pods
        if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
    )


async def readers(cluster: Cluster, store: FeatureStore) -> tuple[str, ...]:
    """Return the names of the ModelDeployments that read a FeatureStore."""
    namespace = store.metadata.namespace
    bodies = await cluster.list(names.API_VERSION, names.MODEL_DEPLOYMENT, namespace)
    refs = {_name(body): body["spec"].get("featureStoreRef", {}).get("name") for body in bodies}
    return tuple(sorted(name for name, ref in refs.items() if ref == store.metadata.name))


async def valkey(cluster: Cluster, store: FeatureStore) -> Valkey | None:
    """Return the embedded Valkey, if the feature store has one."""
    if not store.spec.uses_embedded_store:
        return None
    key = Key("v1", "Pod", f"{valkey_name(store)}-0")
    pod = await cluster.get(key, store.metadata.namespace or "")
    if pod is None:
        return Valkey(ready=False, epoch=store.status.embedded_store)
    told = {each["type"]: each["status"] for each in pod.get("status", {}).get("conditions", ())}
    waits_for = waiting(pod)
    return Valkey(
        ready=told.get("Ready") == "True",
        epoch=str(pod["metadata"]["uid"]),
        waits_for=(waits_for[0], said(*waits_for)) if waits_for else None,
    )


async def references(
    cluster: Cluster, owner: Resource, named: Iterable[Reference]
) -> dict[str, str | None]:
    """Return the version of each object that the resource names, None where it is missing."""
    namespace = owner.metadata.namespace or ""
    return {
        f"{kind}/{name}": await cluster.version(Key("v1", kind, name), namespace)
        for kind, name in sorted(named)
    }


async def feature_store(cluster: Cluster, namespace: str, name: str) -> FeatureStore | None:
    """Return the FeatureStore, unless it is not there, not valid, or going."""
    key = Key(names.API_VERSION, names.FEATURE_STORE, name)
    body = await cluster.get(key, namespace)
    return None if body is None or is_going(body) else _valid(body)


async def scoring_pods(cluster: Cluster, model_deployment: ModelDeployment) -> list[Manifest]:
    """Return the bodies of the pods that score."""
    selector = _selector(model_deployment, COMPONENT)
    return await cluster.list("v1", "Pod", model_deployment.metadata.namespace, selector)


async def settings_files(
    cluster: Cluster, model_deployment: ModelDeployment, current: Iterable[Key]
) -> dict[Key, Manifest]:
    """Return the ConfigMaps with settings that are current, or older than the history kept.

    Those between belong to pods of an earlier revision, or to one that may come back.
    """
    selector = _selector(model_deployment, "settings")
    namespace = model_deployment.metadata.namespace
    listed = await cluster.list("v1", "ConfigMap", namespace, selector)
    identity = {"apiVersion": "v1", "kind": "ConfigMap"}
    bodies = [body | identity for body in listed if _is_owned(body, model_deployment)]
    newest = sorted(bodies, key=lambda body: str(body["metadata"]["creationTimestamp"]))[::-1]
    others = [body for body in newest if key_of(body) not in current]
    kept = others[: model_deployment.spec.revision_history_limit]
    return {key_of(body): body for body in bodies if body not in kept}


def child_keys(owner: Resource) -> tuple[Key, ...]:
    """Return the keys of all children that an owner may have, beside Jobs and settings."""
    if isinstance(owner, ModelDeployment):
        return _model_deployment_keys(owner)
    return (
        Key("v1", "ConfigMap", resource_file_name(owner)),
        Key("v1", "Service", valkey_name(owner)),
        Key("apps/v1", "StatefulSet", valkey_name(owner)),
    )


def _model_deployment_keys(model_deployment: ModelDeployment) -> tuple[Key, ...]:
    name = scoring_name(model_deployment)
    kinds = (
        ("apps/v1", "Deployment"),
        ("v1", "Service"),
        ("policy/v1", "PodDisruptionBudget"),
        ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("networking.k8s.io/v1", "Ingress"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("monitoring.coreos.com/v1", "ServiceMonitor"),
    )
    files = Key("v1", "ConfigMap", resource_file_name(model_deployment))
    return (files, *(Key(version, kind, name) for version, kind in kinds))


def is_going(body: Manifest) -> bool:
    """Whether the object is being deleted."""
    return "deletionTimestamp" in body["metadata"]


def changed_at(body: Manifest) -> datetime | None:
    """Return when anybody last changed anything of the object; what was applied anew is none."""
    times = [each["time"] for each in body["metadata"].get("managedFields", ()) if "time" in each]
    return datetime.fromisoformat(max(times)) if times else None


def is_held(body: Manifest) -> bool:
    """Whether the object waits for the operator before it goes."""
    return names.FINALIZER in body["metadata"].get("finalizers", ())


def _valid(body: Mapping[str, object]) -> FeatureStore | None:
    try:
        resource = parse_resource(body)
    except ManifestError:
        return None
    return resource if isinstance(resource, FeatureStore) else None


def _is_owned(body: Manifest, owner: Resource) -> bool:
    references = body["metadata"].get("ownerReferences", ())
    return any(reference["uid"] == owner.metadata.uid for reference in references)


def _selector(owner: Resource, component: str) -> str:
    return ",".join(f"{key}={value}" for key, value in labels(owner, component).items())


def _pods_of(job: str, pods: Iterable[Manifest]) -> list[Manifest]:
    return [pod for pod in pods if pod["metadata"].get("labels", {}).get(JOB_NAME_LABEL) == job]


def _name(body: Manifest) -> str:
    return str(body["metadata"]["name"])
