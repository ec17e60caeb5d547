"""Feast's configuration says what the resource says, and passwords arrive as they are."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotplate.jobs import JobError, Workspace
from hotplate.jobs.repository.repo_config import connection, repo_settings
from hotplate.online.feast.connection_string import parse_connection_string, quoted
from support.api.resources import feature_store

EMBEDDED = "redis://127.0.0.1:6399"
CACHE = {"endpoint": "cache.example:6380", "mode": "Standalone"}


def workspace(embedded: str | None = EMBEDDED, **spec: Any) -> Workspace:
    return Workspace(feature_store(**spec), Path("/definitions"), embedded)


def with_cache(**cache: Any) -> Workspace:
    return workspace(onlineStore={"elastiCache": {**CACHE, **cache}})


def test_everything_embedded_is_kept_in_one_valkey() -> None:
    settings = repo_settings(workspace(), {})
    assert settings["registry"]["path"] == "redis://127.0.0.1:6399#credit_scoring"
    assert settings["online_store"]["connection_string"] == "127.0.0.1:6399"
    assert settings["offline_store"] == {"type": "file"}
    assert settings["entity_key_serialization_version"] == 3
    assert settings["materialization"] == {"online_write_batch_size": 10_000}


def test_an_embedded_store_that_was_not_given_is_asked_for() -> None:
    with pytest.raises(JobError, match="EmbeddedStoreMissing"):
        repo_settings(workspace(None), {})


def test_a_cache_is_reached_over_tls_as_a_cluster_unless_said_otherwise() -> None:
    cache = {"endpoint": "cfg.example:6379"}
    online = connection(workspace(onlineStore={"elastiCache": cache}), {})
    assert (online.host, online.port, online.tls, online.cluster) == (
        "cfg.example",
        6379,
        True,
        True,
    )


def test_a_password_comes_from_the_environment_and_arrives_as_it_is() -> None:
    auth = {"username": "jobs", "passwordSecretRef": {"name": "s", "key": "k"}}
    password = 'a,b=c,db=7,"d\\,123'
    environment = {"HOTPLATE_ONLINE_PASSWORD": password}
    settings = repo_settings(with_cache(auth=auth), environment)
    nodes, parameters = parse_connection_string(settings["online_store"]["connection_string"])
    assert nodes == [{"host": "cache.example", "port": "6380"}]
    assert parameters == {"username": "jobs", "password": password, "ssl": True}
    assert password not in repr(connection(with_cache(auth=auth), environment))


@given(st.text())
def test_any_value_survives_how_feast_itself_splits_a_connection_string(value: str) -> None:
    text = f"host:1,password={quoted(value)},ssl=true"
    parts = [part.split("=", 1) for part in text.split(",")[1:]]
    assert {name: json.loads(written) for name, written in parts} == {
        "password": value,
        "ssl": True,
    }


def test_a_password_that_is_not_in_the_environment_is_asked_for_by_name() -> None:
    auth = {"passwordSecretRef": {"name": "s", "key": "k"}}
    with pytest.raises(JobError) as caught:
        connection(with_cache(auth=auth), {})
    assert caught.value.reason == "SecretMissing"
    assert "HOTPLATE_ONLINE_PASSWORD" in caught.value.message


def test_a_certificate_authority_of_its_own_is_used() -> None:
    tls = {"caSecretRef": {"name": "ca", "key": "ca.pem"}}
    environment = {"HOTPLATE_ONLINE_CA_FILE": "/ca.pem"}
    assert connection(with_cache(tls=tls), environment).ca_file == "/ca.pem"


def test_keys_expire_as_the_resource_says() -> None:
    settings = repo_settings(with_cache(keyTTL="30d"), {})
    assert settings["online_store"]["key_ttl_seconds"] == 30 * 24 * 3600


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        (
            {"s3": {"path": "s3://b/registry.db", "region": "eu-west-1"}},
            {
                "registry_store_type": "hotplate.jobs.registry.s3.S3RegistryStore",
                "path": "s3://b/registry.db",
                "s3_additional_kwargs": {"region_name": "eu-west-1"},
            },
        ),
        (
            {"sql": {"secretRef": {"name": "s", "key": "k"}}},
            {"registry_type": "sql", "path": "postgresql+psycopg://u:p@h/d"},
        ),
        (
            {"file": {"path": "/data/registry.db", "claimName": "c"}},
            {
                "registry_store_type": "hotplate.jobs.registry.guarded.LockedFileRegistryStore",
                "path": "/data/registry.db",
            },
        ),
    ],
)
def test_the_registry_is_where_the_resource_says(
    registry: dict[str, Any], expected: dict[str, Any]
) -> None:
    environment = {"HOTPLATE_REGISTRY_URL": "postgresql://u:p@h/d"}
    settings = repo_settings(workspace(registry=registry), environment)
    assert settings["registry"] == {**expected, "cache_ttl_seconds": 0}


def test_redshift_is_reached_as_the_resource_says() -> None:
    redshift = {
        "workgroup": "w",
        "region": "us-east-1",
        "database": "dev",
        "s3StagingLocation": "s3://b/staging",
        "iamRole": "arn:aws:iam::123456789012:role/r",
    }
    settings = repo_settings(workspace(offlineStore={"redshift": redshift}), {})
    assert settings["offline_store"] == {
        "type": "redshift",
        "workgroup": "w",
        "region": "us-east-1",
        "database": "dev",
        "s3_staging_location": "s3://b/staging",
        "iam_role": "arn:aws:iam::123456789012:role/r",
    }


def test_artifacts_are_kept_where_the_resource_says_unless_said_otherwise() -> None:
    spec = {"artifacts": "s3://bucket/features"}
    assert workspace(**spec).artifact_url == "s3://bucket/features"
    assert replace(workspace(**spec), artifacts="file:///a").artifact_url == "file:///a"
    assert workspace().artifact_url == EMBEDDED


def test_artifacts_must_be_kept_somewhere() -> None:
    with pytest.raises(JobError, match="--artifacts"):
        _ = workspace(None).artifact_url
