"""Teardown removes exactly one project's data, whatever is left of it, and may run again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import redis

from hotplate import jobs
from hotplate.jobs import JobError, Workspace
from hotplate.jobs.repository.session import connected
from support.feast.small_repository import PROJECT, SmallRepository

NEIGHBOURS = (b"my_shops", b"shops2", b"other")


@pytest.fixture
def shared(repository: SmallRepository, valkey: redis.Redis) -> Workspace:
    """A project with rows, beside rows of others and in one registry with another one."""
    registry = {"file": {"path": str(repository.folder / "registry.db"), "claimName": "registry"}}
    jobs.apply(repository.workspace(project="other", registry=registry))
    workspace = repository.workspace(registry=registry)
    jobs.apply(workspace)
    jobs.materialize(workspace, "habits")
    jobs.materialize(workspace, "surroundings")
    (some, *_) = rows(valkey, PROJECT.encode())
    for project in NEIGHBOURS:
        valkey.copy(some, some.removesuffix(PROJECT.encode()) + project)
    return workspace


def rows(valkey: redis.Redis, project: bytes) -> list[bytes]:
    """Return the keys of entities that end with the project's name."""
    return [
        key
        for key in valkey.scan_iter(b"*" + project, count=1000)
        if not key.startswith(b"hotplate:")
    ]


def test_exactly_the_project_s_rows_and_objects_are_removed(
    shared: Workspace, valkey: redis.Redis
) -> None:
    result = jobs.teardown(shared)

    assert (result.project, result.keys, result.registered) == (PROJECT, 320, True)
    assert len(rows(valkey, PROJECT.encode())) == 1  # of my_shops
    assert [len(rows(valkey, project)) for project in NEIGHBOURS] == [1, 1, 1]
    assert valkey.smembers("hotplate:projects") == {b"other"}
    registry = connected(shared).registry
    assert [each.name for each in registry.list_projects()] == ["other"]
    assert registry.list_feature_views(PROJECT) == []
    assert len(registry.list_feature_views("other")) == 2


def test_it_may_run_again_and_needs_no_definitions(shared: Workspace) -> None:
    jobs.teardown(shared)
    shutil.rmtree(shared.definitions)

    again = jobs.teardown(shared)

    assert (again.keys, again.registered) == (0, False)


def test_rows_are_found_without_the_registry(shared: Workspace, valkey: redis.Redis) -> None:
    (Path(str(shared.feature_store.spec.registry.file.path))).unlink()  # type: ignore[union-attr]

    assert jobs.teardown(shared).keys == 320


def test_what_is_embedded_is_left_to_its_pod_where_it_is_not_given(
    repository: SmallRepository,
) -> None:
    result = jobs.teardown(Workspace(repository.workspace().feature_store, repository.folder))

    assert (result.keys, result.registered) == (0, False)


def test_a_store_that_does_not_answer_is_named_and_the_registry_is_left(
    repository: SmallRepository,
) -> None:
    registry = {"file": {"path": str(repository.folder / "registry.db"), "claimName": "registry"}}
    jobs.apply(repository.workspace(registry=registry))
    cache = {"elastiCache": {"endpoint": "127.0.0.1:1", "mode": "Standalone"}}
    away = repository.workspace(registry=registry, onlineStore=cache, artifacts="file:///tmp/none")

    with pytest.raises(JobError) as caught:
        jobs.teardown(away)

    assert caught.value.reason == "OnlineStoreUnreachable"
    assert "127.0.0.1:1" in caught.value.message
    kept = connected(repository.workspace(registry=registry)).registry
    assert [each.name for each in kept.list_projects()] == [PROJECT]
