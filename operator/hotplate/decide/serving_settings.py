"""The settings of a scoring process, from both resources and what status has pinned.

A local run writes them to a file, and the operator to a ConfigMap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from hotplate.api.v1alpha1.feature_store import FeatureStore
from hotplate.api.v1alpha1.model_deployment import Features, ModelDeployment
from hotplate.api.v1alpha1.model_source import EMBEDDED
from hotplate.api.v1alpha1.online_store import CacheAuth, ElastiCache, ReadFrom, StoreMode
from hotplate.protocol.iam import IamIdentity
from hotplate.protocol.job_environment import ONLINE_PASSWORD
from hotplate.protocol.pod_files import CA_FILE, PASSWORD_FILE, USERNAME_FILE
from hotplate.protocol.serving_settings import (
    DecisionLogSettings,
    FeatureSettings,
    LatencySettings,
    ModelSettings,
    OnlineSettings,
    ServingSettings,
)


@dataclass(frozen=True)
class Pinned:
    """The artifacts that a scoring process serves with, and the model's BentoML tag."""

    read_plan: str
    model_tag: str
    model_artifact: str


def serving_settings(
    feature_store: FeatureStore,
    model_deployment: ModelDeployment,
    pinned: Pinned,
    embedded_store: str | None,
) -> ServingSettings:
    """Return the settings of a scoring process; `embedded_store` is redis://host:port."""
    spec = model_deployment.spec
    return ServingSettings(
        online=_online(feature_store, embedded_store),
        artifacts=embedded_store if spec.model.store == EMBEDDED else spec.model.store,
        read_plan=pinned.read_plan,
        read_plan_artifacts=feature_store.spec.artifacts or embedded_store,
        model=ModelSettings(tag=pinned.model_tag, artifact=pinned.model_artifact),
        feature_service=spec.feature_service,
        latency=LatencySettings(
            budget_seconds=spec.latency.budget.total_seconds(),
            feature_deadline_seconds=spec.latency.feature_deadline.total_seconds(),
        ),
        features=_features(spec.features),
        decision_log=DecisionLogSettings.model_validate(spec.decision_log.model_dump()),
    )


def _features(features: Features) -> FeatureSettings:
    """Return the settings; without maxAge they are those that pods of earlier releases know."""
    found = features.model_dump(mode="json", include={"on_missing", "on_stale"})
    age = features.max_age
    return FeatureSettings.model_validate(
        found | ({"max_age_seconds": age.total_seconds()} if age else {})
    )


def _online(feature_store: FeatureStore, embedded_store: str | None) -> OnlineSettings:
    cache = feature_store.spec.online_store.elasti_cache
    if cache is not None:
        return OnlineSettings.model_validate(_elasti_cache(cache))
    url = urlsplit(embedded_store or "")
    return OnlineSettings(host=url.hostname or "", port=url.port or 0)


def _elasti_cache(cache: ElastiCache) -> dict[str, Any]:
    """Return the fields of the online settings that are set."""
    host, _, port = cache.endpoint.rpartition(":")
    online: dict[str, Any] = {"host": host, "port": int(port), "tls": cache.tls.enabled}
    online["cluster"] = cache.mode is StoreMode.CLUSTER
    if cache.tls.ca_secret_ref is not None:
        online["ca_file"] = CA_FILE
    if cache.read_from is ReadFrom.PREFER_REPLICA:
        online["prefer_replica"] = True
    if cache.reader_endpoint is not None:
        online["reader_endpoint"] = cache.reader_endpoint
    return online | (_login(cache.auth) if cache.auth is not None else {})


def _login(auth: CacheAuth) -> dict[str, Any]:
    if auth.iam is not None:
        return {"iam": IamIdentity(**auth.iam.model_dump())}
    login: dict[str, Any] = {"password_env": ONLINE_PASSWORD, "password_file": PASSWORD_FILE}
    if auth.username_secret_ref is not None:
        login["username_file"] = USERNAME_FILE
    return login | ({"username": auth.username} if auth.username else {})
