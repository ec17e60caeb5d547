"""The resources of a namespace, read once, and what is printed of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from rich.console import Console

from hotplate.api import FeatureStore, ManifestError, ModelDeployment, parse_resource
from hotplate.api.v1alpha1 import names
from hotplate.cli.cluster_errors import RemoteError
from hotplate.cli.cluster_shown import shown_plan, shown_stores
from hotplate.cli.render import show_plan, show_stores
from hotplate.controller.kube.client import Cluster, ClusterError, connected, context_namespace

Resource = TypeVar("Resource", FeatureStore, ModelDeployment)

FORBIDDEN = 403


@dataclass(frozen=True)
class Place:
    """Where to look: a context of the kubeconfig, a namespace; None is the current one."""

    context: str | None = None
    namespace: str | None = None


async def print_status(place: Place, name: str | None, console: Console) -> None:
    """Print the namespace's feature stores with their models, or what the name stands for."""
    async with connected(context=place.context) as cluster:
        namespace = await _namespace(cluster, place)
        stores = await _list(cluster, FeatureStore, namespace)
        models = await _list(cluster, ModelDeployment, namespace)
    if not stores and not models:
        console.print(
            f"Namespace {namespace} has no FeatureStore and no ModelDeployment.", highlight=False
        )
    if name is not None:
        stores, models = _of_name(name, namespace, stores, models)
    show_stores(shown_stores(stores, models), datetime.now(UTC), console)


async def print_plan(place: Place, name: str | None, console: Console) -> None:
    """Print the last plan of a FeatureStore; without a name, of the namespace's only one."""
    async with connected(context=place.context) as cluster:
        namespace = await _namespace(cluster, place)
        stores = await _list(cluster, FeatureStore, namespace)
    there = _there(_names(stores))
    if name is None and len(stores) > 1:
        raise RemoteError(f"namespace {namespace} has several FeatureStores; name one of {there}")
    found = [store for store in stores if name in (None, store.metadata.name)]
    if not found:
        which = f"FeatureStore {name}" if name is not None else "FeatureStore"
        raise RemoteError(f"namespace {namespace} has no {which}; it has {there}")
    show_plan(shown_plan(found[0]), console)


async def _namespace(cluster: Cluster, place: Place) -> str:
    """Return the namespace to look in, of a cluster that knows the resources."""
    if not await cluster.serves(names.API_VERSION):
        raise RemoteError(
            f"the cluster knows no {names.API_VERSION} resources: install Hotplate on it first,"
            " helm install hotplate charts/hotplate"
        )
    return place.namespace or context_namespace(place.context)


async def _list(cluster: Cluster, model: type[Resource], namespace: str) -> list[Resource]:
    kind = model.__name__
    try:
        bodies = await cluster.list(names.API_VERSION, kind, namespace)
    except ClusterError as error:
        if error.status == FORBIDDEN:
            raise RemoteError(
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
        raise RemoteError(
            "a resource is of another version of Hotplate than this command, which cannot read it:"
            f" {error}"
        ) from error


def _of_name(
    name: str, namespace: str, stores: list[FeatureStore], models: list[ModelDeployment]
) -> tuple[list[FeatureStore], list[ModelDeployment]]:
    """Return the FeatureStore of the name with all its readers, or the one reader with its."""
    if any(store.metadata.name == name for store in stores):
        readers = [each for each in models if each.spec.feature_store_ref.name == name]
        return [store for store in stores if store.metadata.name == name], readers
    named = [each for each in models if each.metadata.name == name]
    if not named:
        there = _there({*_names(stores), *_names(models)})
        raise RemoteError(
            f"namespace {namespace} has no FeatureStore or ModelDeployment {name}; it has {there}"
        )
    store = named[0].spec.feature_store_ref.name
    return [each for each in stores if each.metadata.name == store], named


def _names(resources: Iterable[FeatureStore | ModelDeployment]) -> list[str]:
    return [resource.metadata.name for resource in resources]


def _there(found: Iterable[str]) -> str:
    return ", ".join(sorted(found)) or "none"
