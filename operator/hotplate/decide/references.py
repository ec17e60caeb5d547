"""The objects that a resource names but does not own: Secrets and ConfigMaps."""

from __future__ import annotations

from collections.abc import Iterator

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.api.v1alpha1.model_source import Bento
from hotplate.api.v1alpha1.pods import PodSettings

SECRET = "Secret"  # noqa: S105 - a kind
CONFIG_MAP = "ConfigMap"

Reference = tuple[str, str]
"""Kind and name."""


def feature_store_references(store: FeatureStore) -> frozenset[Reference]:
    """Return the Secrets and ConfigMaps that a FeatureStore names."""
    return frozenset((*_definitions(store), *_stores(store), *_variables(store.spec.jobs)))


def model_deployment_references(
    model_deployment: ModelDeployment, store: FeatureStore | None
) -> frozenset[Reference]:
    """Return what a ModelDeployment names, and what its pods take from the feature store's."""
    of_store = tuple(_stores(store)) if store is not None else ()
    spec, rows = model_deployment.spec, model_deployment.spec.rollout.golden_rows
    golden = ((CONFIG_MAP, rows.config_map.name),) if rows is not None else ()
    return frozenset((*_bento(spec.bento), *_variables(spec), *golden, *of_store))


def start_references(model_deployment: ModelDeployment) -> frozenset[Reference]:
    """Return what a ModelDeployment's pods read only at their start: variables, and the bento.

    The feature store's Secrets are files to them, which reach them as they change.
    """
    spec = model_deployment.spec
    return frozenset((*_bento(spec.bento), *_variables(spec)))


def _definitions(store: FeatureStore) -> Iterator[Reference]:
    definitions = store.spec.definitions
    if definitions.config_map is not None:
        yield CONFIG_MAP, definitions.config_map.name
    if definitions.git is not None and definitions.git.credentials is not None:
        yield SECRET, definitions.git.credentials.secret_ref.name


def _bento(bento: Bento) -> Iterator[Reference]:
    if bento.config_map is not None:
        yield CONFIG_MAP, bento.config_map.name


def _stores(store: FeatureStore) -> Iterator[Reference]:
    cache, sql = store.spec.online_store.elasti_cache, store.spec.registry.sql
    if sql is not None:
        yield SECRET, sql.secret_ref.name
    if cache is not None and cache.tls.ca_secret_ref is not None:
        yield SECRET, cache.tls.ca_secret_ref.name
    if cache is not None and cache.auth is not None:
        for ref in (cache.auth.password_secret_ref, cache.auth.username_secret_ref):
            if ref is not None:
                yield SECRET, ref.name


def _variables(settings: PodSettings) -> Iterator[Reference]:
    for variable in settings.env:
        if variable.secret_key_ref is not None:
            yield SECRET, variable.secret_key_ref.name
        if variable.config_map_key_ref is not None:
            yield CONFIG_MAP, variable.config_map_key_ref.name
