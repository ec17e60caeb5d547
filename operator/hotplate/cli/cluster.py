"""The FeatureStores and ModelDeployments of a namespace, read once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from hotplate.api import FeatureStore, ManifestError, ModelDeployment, parse_resource
from hotplate.api.v1alpha1 import names
from hotplate.cli.exit import CommandError
from hotplate.controller.kube.client import Cluster, ClusterError, connected, context_namespace
from hotplate.controller.kube.manifest import ObjectKey

Resource = TypeVar("Resource", FeatureStore, ModelDeployment)

FORBIDDEN = 403

_FIELD_MANAGER = "hotplate-cli"


@dataclass(frozen=True)
class Place:
    """Where to look: a context of the kubeconfig, and a namespace; None is the current one."""

    context: str | None = None
    namespace: str | None = None


@dataclass(frozen=True)
class Found:
    """The resources of a namespace that were asked for."""

    namespace: str
    stores: list[FeatureStore]
    model_deployments: list[ModelDeployment]


async def resources(place: Place, name: str | None) -> Found:
    """Return all resources of the namespace, or those that belong to one name.

    The name of a FeatureStore stands for it and the ModelDeployments that read it, the name of a
    ModelDeployment for it and its FeatureStore.

    Raises:
        CommandError: nothing has that name, or the resources cannot be read.
    """
    async with connected(context=place.context) as cluster:
        namespace = await _namespace(cluster, place)
        stores = await _list(cluster, FeatureStore, namespace)
        models = await _list(cluster, ModelDeployment, namespace)
    found = Found(namespace, stores, models)
    return found if name is None else _of_name(name, found)


async def one_store(place: Place, name: str | None) -> FeatureStore:
    """Return the FeatureStore of that name; without a name, the namespace's only one.

    Raises:
        CommandError: there is none or there are several, or they cannot be read.
    """
    async with connected(context=place.context) as cluster:
        namespace = await _namespace(cluster, place)
        stores = await _list(cluster, FeatureStore, namespace)
    listed = _listed(_names(stores))
    if name is None and len(stores) > 1:
        raise CommandError(f"namespace {namespace} has several FeatureStores; name one of {listed}")
    found = [store for store in stores if name in (None, store.metadata.name)]
    if not found:
        which = f"FeatureStore {name}" if name is not None else "FeatureStore"
        raise CommandError(f"namespace {namespace} has no {which}; it has {listed}")
    return found[0]


async def approve_plan(place: Place, store: FeatureStore) -> None:
    """Approve the FeatureStore's plan: set spec.apply.approve to its hash.

    Raises:
        CommandError: there is no plan, or the FeatureStore may not be changed.
    """
    plan = store.status.plan
    if plan is None:
        raise CommandError(f"FeatureStore {store.metadata.name} has no plan yet")
    key = ObjectKey(names.API_VERSION, names.FEATURE_STORE, store.metadata.name)
    body = {"spec": {"apply": {"approve": plan.hash}}}
    namespace = store.metadata.namespace or ""
    async with connected(context=place.context) as cluster:
        try:
            await cluster.patch(key, namespace, body, _FIELD_MANAGER)
        except ClusterError as error:
            if error.status == FORBIDDEN:
                raise CommandError(
                    f"you may not change FeatureStores in namespace {namespace}: ask for the role"
                    " `edit` there"
                ) from error
            raise


async def _namespace(cluster: Cluster, place: Place) -> str:
    """Return the namespace to look in; raise when the cluster does not have the CRDs."""
    if not await cluster.serves(names.API_VERSION):
        raise CommandError(
            f"the cluster has no {names.API_VERSION} resources; install Hotplate first:"
            " helm install hotplate charts/hotplate"
        )
    return place.namespace or context_namespace(place.context)


async def _list(cluster: Cluster, model: type[Resource], namespace: str) -> list[Resource]:
    kind = model.__name__
    try:
        bodies = await cluster.list(names.API_VERSION, kind, namespace)
    except ClusterError as error:
        if error.status == FORBIDDEN:
            raise CommandError(
                f"you may not list {kind}s in namespace {namespace}: ask for the role `view` there,"
                " or name another namespace with -n"
            ) from error
        raise
    identity = {"apiVersion": names.API_VERSION, "kind": kind}
    found = [_parsed(body | identity) for body in bodies]
    return [each for each in found if isinstance(each, model)]


def _parsed(body: dict[str, object]) -> FeatureStore | ModelDeployment:
    try:
        return parse_resource(body)
    except ManifestError as error:
        raise CommandError(
            "a resource is of another version of Hotplate, and this command cannot read it:"
            f" {error}"
        ) from error


def _of_name(name: str, found: Found) -> Found:
    """Return the FeatureStore of the name with its readers, or the one reader with its store."""
    stores = [store for store in found.stores if store.metadata.name == name]
    if stores:
        models = [
            each for each in found.model_deployments if each.spec.feature_store_ref.name == name
        ]
        return Found(found.namespace, stores, models)
    models = [each for each in found.model_deployments if each.metadata.name == name]
    if not models:
        listed = _listed({*_names(found.stores), *_names(found.model_deployments)})
        raise CommandError(
            f"namespace {found.namespace} has no FeatureStore or ModelDeployment {name};"
            f" it has {listed}"
        )
    read = models[0].spec.feature_store_ref.name
    stores = [store for store in found.stores if store.metadata.name == read]
    return Found(found.namespace, stores, models)


def _names(resources: Iterable[FeatureStore | ModelDeployment]) -> list[str]:
    return [resource.metadata.name for resource in resources]


def _listed(found: Iterable[str]) -> str:
    return ", ".join(sorted(found)) or "none"
