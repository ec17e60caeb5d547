"""What a scoring process is told: its settings, from both resources and what is pinned in status.

The same document is a file of a local run and a ConfigMap on a cluster; `hotplate.serving` reads
it. Passwords are not in it: it names the file that has them, and an environment variable that
takes the file's place on a laptop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from hotplate.api.v1alpha1.feature_store import FeatureStore
from hotplate.api.v1alpha1.model_deployment import EMBEDDED, ModelDeployment
from hotplate.api.v1alpha1.stores import CacheAuth, ElastiCache, ReadFrom, StoreMode

PASSWORD_VARIABLE = "HOTPLATE_ONLINE_PASSWORD"  # noqa: S105  (a variable's name)
"""The environment variable with the online store's password."""

CA_FILE = "/etc/hotplate/online-ca.pem"
"""Where the online store's CA is mounted, when the resource names one."""

PASSWORD_FILE = "/etc/hotplate/online-password"  # noqa: S105  (a path)
USERNAME_FILE = "/etc/hotplate/online-username"
"""Where the online store's password and user are mounted, when a Secret has them."""


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
) -> dict[str, Any]:
    """Return the settings of a scoring process; `embedded_store` is redis://host:port."""
    spec = model_deployment.spec
    return {
        "online": _online(feature_store, embedded_store),
        "artifacts": embedded_store if spec.model.store == EMBEDDED else spec.model.store,
        "readPlan": pinned.read_plan,
        "readPlanArtifacts": feature_store.spec.artifacts or embedded_store,
        "model": {"tag": pinned.model_tag, "artifact": pinned.model_artifact},
        "featureService": spec.feature_service,
        "latency": {
            "budgetSeconds": spec.latency.budget.total_seconds(),
            "featureDeadlineSeconds": spec.latency.feature_deadline.total_seconds(),
        },
        "features": spec.features.model_dump(mode="json", by_alias=True),
        "decisionLog": spec.decision_log.model_dump(mode="json", by_alias=True),
    }


def _online(feature_store: FeatureStore, embedded_store: str | None) -> dict[str, Any]:
    cache = feature_store.spec.online_store.elasti_cache
    if cache is not None:
        return _elasti_cache(cache)
    url = urlsplit(embedded_store or "")
    return {"host": url.hostname, "port": url.port}


def _elasti_cache(cache: ElastiCache) -> dict[str, Any]:
    host, _, port = cache.endpoint.rpartition(":")
    online: dict[str, Any] = {"host": host, "port": int(port), "tls": cache.tls.enabled}
    online["cluster"] = cache.mode is StoreMode.CLUSTER
    if cache.tls.ca_secret_ref is not None:
        online["caFile"] = CA_FILE
    if cache.read_from is ReadFrom.PREFER_REPLICA:
        online["preferReplica"] = True
    if cache.reader_endpoint is not None:
        online["readerEndpoint"] = cache.reader_endpoint
    return online | (_auth(cache.auth) if cache.auth is not None else {})


def _auth(auth: CacheAuth) -> dict[str, Any]:
    if auth.iam is not None:
        return {"iam": auth.iam.model_dump(mode="json", by_alias=True)}
    login = {"passwordEnv": PASSWORD_VARIABLE, "passwordFile": PASSWORD_FILE}
    if auth.username_secret_ref is not None:
        login["usernameFile"] = USERNAME_FILE
    return login | ({"username": auth.username} if auth.username else {})
