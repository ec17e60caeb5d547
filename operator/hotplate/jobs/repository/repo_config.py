"""Feast's configuration, rendered from the FeatureStore resource.

The repository's own feature_store.yaml is not read: the resource names every store. Secrets come
from the Job's environment: HOTPLATE_REGISTRY_URL (the SQLAlchemy URL of an SQL registry),
HOTPLATE_ONLINE_CA_FILE (the path of a CA in PEM), and the login of `online_login`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hotplate.api.v1alpha1.online_store import StoreMode
from hotplate.jobs.errors import JobError
from hotplate.jobs.registry import store_types
from hotplate.jobs.repository.online_login import OnlineLogin, online_login
from hotplate.jobs.workspace import Workspace
from hotplate.online.connection.config import Connection
from hotplate.online.feast.connection_string import quoted
from hotplate.protocol.job_environment import ONLINE_CA_FILE, REGISTRY_URL

WRITE_BATCH = 10_000
"""Rows of one write: Feast's default, all rows, takes 8.5 GB for a million; this takes 1 GB."""

RepoConfigDict = dict[str, Any]


def repo_settings(
    workspace: Workspace, environment: Mapping[str, str] = os.environ
) -> RepoConfigDict:
    """Return the fields of Feast's RepoConfig."""
    return {
        "project": workspace.project,
        "provider": "local",
        "registry": _registry(workspace, environment),
        "online_store": _online_store(workspace, environment),
        "offline_store": offline_store(workspace),
        "batch_engine": {"type": "local"},
        "entity_key_serialization_version": 3,
        "materialization": {"online_write_batch_size": WRITE_BATCH},
    }


def connection(workspace: Workspace, environment: Mapping[str, str] = os.environ) -> Connection:
    """Return how to reach the online store."""
    cache = workspace.feature_store.spec.online_store.elasti_cache
    if cache is None:
        return Connection.from_url(workspace.embedded)
    host, port = cache.endpoint.rsplit(":", 1)
    login = online_login(cache, environment)
    return Connection(
        host=host,
        port=int(port),
        username=login.username,
        password=login.password,
        tls=cache.tls.enabled,
        ca_file=environment.get(ONLINE_CA_FILE) if cache.tls.ca_secret_ref else None,
        cluster=cache.mode is StoreMode.CLUSTER,
        credentials=login.source.credentials() if login.source else None,
    )


def _online_store(workspace: Workspace, environment: Mapping[str, str]) -> RepoConfigDict:
    cache = workspace.feature_store.spec.online_store.elasti_cache
    login = online_login(cache, environment) if cache is not None else OnlineLogin()
    online = replace(connection(workspace, environment), credentials=None)
    return online_store(online, _key_ttl(workspace)) | login.plugin_settings()


def sql_registry_url(
    workspace: Workspace, environment: Mapping[str, str] = os.environ
) -> str | None:
    """Return the SQLAlchemy URL of an SQL registry; None where the registry is elsewhere.

    A PostgreSQL is spoken to by psycopg, the driver that jobs have.
    """
    if workspace.feature_store.spec.registry.sql is None:
        return None
    url = _required(environment, REGISTRY_URL, "registry.sql.secretRef")
    scheme, separator, rest = url.partition("://")
    driver = "postgresql+psycopg" if scheme in ("postgres", "postgresql") else scheme
    return driver + separator + rest


def online_store(online: Connection, key_ttl_seconds: int | None) -> RepoConfigDict:
    """Return the settings of Feast's online store for that connection.

    Feast deletes no rows when it applies: `dropped` deletes them, once nothing reads them.
    """
    parameters: RepoConfigDict = {
        "username": online.username,
        "password": online.password,
        "ssl": True if online.tls else None,
        "ssl_ca_certs": online.ca_file,
        "db": online.db or None,
    }
    given = [f"{key}={quoted(value)}" for key, value in parameters.items() if value is not None]
    return {
        "type": "hotplate.online.HotplateOnlineStore",
        "redis_type": "redis_cluster" if online.cluster else "redis",
        "connection_string": ",".join([online.address, *given]),
        "key_ttl_seconds": key_ttl_seconds,
        "full_scan_for_deletion": False,
    }


def _key_ttl(workspace: Workspace) -> int | None:
    cache = workspace.feature_store.spec.online_store.elasti_cache
    return int(cache.key_ttl.total_seconds()) if cache and cache.key_ttl else None


def _registry(workspace: Workspace, environment: Mapping[str, str]) -> RepoConfigDict:
    registry = workspace.feature_store.spec.registry
    if registry.s3 is not None:
        region = registry.s3.region
        return {
            "registry_store_type": store_types.S3,
            "path": registry.s3.path,
            "s3_additional_kwargs": {store_types.S3_REGION: region} if region else None,
            "cache_ttl_seconds": 0,
        }
    if url := sql_registry_url(workspace, environment):
        return {"registry_type": "sql", "path": url, "cache_ttl_seconds": 0}
    if registry.file is not None:
        store, path = store_types.FILE, registry.file.path
    else:
        store, path = store_types.EMBEDDED, f"{workspace.embedded}#{workspace.project}"
    return {
        "registry_store_type": store,
        "path": path,
        "cache_ttl_seconds": 0,
    }


def offline_store(workspace: Workspace) -> RepoConfigDict:
    """Return the part of Feast's configuration that is about the offline store."""
    redshift = workspace.feature_store.spec.offline_store.redshift
    if redshift is None:
        return {"type": "file"}
    given = redshift.model_dump(by_alias=False, exclude_none=True, exclude={"secret_arn"})
    if redshift.cluster_id is not None and redshift.user is None:
        given["user"] = "of-the-secret"  # Feast insists on one; `use_aws` logs in by the secret
    return {"type": "redshift", **given}


def _required(environment: Mapping[str, str], name: str, field: str) -> str:
    value = environment.get(name)
    if not value:
        raise JobError(
            "SecretMissing",
            f"the environment variable {name} is not set: set it to the value of spec.{field}",
        )
    return value
