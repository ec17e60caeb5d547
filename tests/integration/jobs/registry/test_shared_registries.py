"""Registries that jobs on several machines share, in S3 and in PostgreSQL."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from feast.protos.feast.core.Registry_pb2 import Registry

from hotplate import jobs
from hotplate.jobs import JobError
from hotplate.jobs.registry.guarded import RegistryConflictError
from hotplate.jobs.registry.s3 import S3RegistryStore
from hotplate.jobs.repository.session import connected
from support.api.resources import feature_store_document
from support.aws.cloud import BUCKET, Cloud
from support.feast.registry_writer import WRITES, write_at_once
from support.feast.small_repository import PROJECT, SmallRepository

PATH = f"s3://{BUCKET}/registries/shops.db"
IN_S3 = {"s3": {"path": PATH, "region": "us-east-1"}}
IN_SQL = {"sql": {"secretRef": {"name": "registry", "key": "url"}}}


@pytest.fixture(params=["s3", "sql"])
def registry(request: pytest.FixtureRequest) -> dict[str, Any]:
    request.getfixturevalue("cloud" if request.param == "s3" else "in_sql")
    return IN_S3 if request.param == "s3" else IN_SQL


def intervals(repository: SmallRepository, registry: dict[str, Any]) -> list[Any]:
    store = connected(repository.workspace(registry=registry))
    return list(store.registry.get_feature_view("habits", PROJECT).materialization_intervals)


def test_definitions_are_applied_and_materialized(
    repository: SmallRepository, registry: dict[str, Any]
) -> None:
    workspace = repository.workspace(registry=registry)
    applied = jobs.apply(workspace)
    assert applied.registry is not None
    assert applied.registry.version
    assert applied.registry.size > 1000
    assert jobs.plan(workspace).summary == ()
    for _ in range(3):
        materialized = jobs.materialize(workspace, "habits")
    assert len(intervals(repository, registry)) == 1
    assert materialized.registry is not None
    assert (materialized.registry.version == applied.registry.version) == ("sql" in registry)
    assert materialized.registry.size > applied.registry.size
    assert jobs.apply(workspace).registry != applied.registry


def test_two_processes_that_write_at_once_lose_no_update(
    repository: SmallRepository, registry: dict[str, Any], tmp_path: Path
) -> None:
    jobs.apply(repository.workspace(registry=registry))
    file = tmp_path / "shops.yaml"
    file.write_text(
        yaml.safe_dump(feature_store_document("shops", project=PROJECT, registry=registry))
    )
    write_at_once(repository, file)
    assert len(intervals(repository, registry)) == 2 * WRITES


def test_s3_refuses_a_write_of_what_another_writer_changed(cloud: Cloud) -> None:
    first, second = opened(), opened()
    first.update_registry_proto(Registry())
    with pytest.raises(RegistryConflictError):
        second.update_registry_proto(Registry())
    mine, others = second.get_registry_proto(), first.get_registry_proto()
    first.update_registry_proto(others)
    with pytest.raises(RegistryConflictError):
        second.update_registry_proto(mine)
    second.teardown()
    with pytest.raises(RegistryConflictError):
        first.update_registry_proto(others)
    with pytest.raises(FileNotFoundError):
        first.get_registry_proto()


def opened() -> S3RegistryStore:
    config = SimpleNamespace(path=PATH, s3_additional_kwargs={"region_name": "us-east-1"})
    return S3RegistryStore(config, None)


def test_a_database_that_does_not_answer_is_said_without_its_password(
    repository: SmallRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql://features:hunter2@127.0.0.1:9/features"
    monkeypatch.setenv("HOTPLATE_REGISTRY_URL", url)
    with pytest.raises(JobError) as caught:
        jobs.plan(repository.workspace(registry=IN_SQL))
    assert caught.value.reason == "RegistryFailed"
    assert "127.0.0.1" in caught.value.message
    assert "hunter2" not in str(caught.value)


def test_a_refused_password_is_said(
    repository: SmallRepository, in_sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTPLATE_REGISTRY_URL", in_sql.replace("p%40ss", "hunter2"))
    with pytest.raises(JobError, match="password authentication failed") as caught:
        jobs.apply(repository.workspace(registry=IN_SQL))
    assert caught.value.reason == "RegistryFailed"
    assert "hunter2" not in str(caught.value)
