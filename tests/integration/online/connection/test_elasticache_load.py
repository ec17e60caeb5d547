"""Failover, resharding and expiry of tokens under load: no wrong answer, bounded errors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotplate.online import OnlineReader
from hotplate.online.aio import connect as opening_module
from hotplate.online.blocking.reader import SyncOnlineReader
from hotplate.online.connection import iam as iam_module
from hotplate.online.connection.iam import IamToken
from hotplate.online.connection.routing import SLOTS, slot_of
from hotplate.online.decode.service_reader import ServiceReader
from support.online.load import under_load
from support.online.rows import PLAN, SERVICE, expected, people
from support.valkey.cache import IDENTITY, PEOPLE, Cache, cache_of, fill, reads_again
from support.valkey.cluster import half_moved, move_slot
from support.valkey.elasticache import ADMIN_PASSWORD

SHARDS, READERS, DEADLINE = 3, 4, 5.0


class Clock:
    """A clock that leaps."""

    def __init__(self) -> None:
        self.leap = 0.0

    def __call__(self) -> float:
        return time.time() + self.leap


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(tmp_path: Path, clock: Clock, aws_identity: None) -> Iterator[Cache]:
    """A cluster that this test alone breaks; its service and its clients have one clock."""
    with cache_of(tmp_path, SHARDS, replicas=1) as cache:
        cache.users.clock = clock
        fill(cache.connection(credentials=IamToken(IDENTITY, clock)))
        yield cache


def keys_of(person: int) -> list[bytes]:
    return ServiceReader(PLAN, SERVICE).keys([people(PEOPLE)[person]])


def touches(person: int, shard: int) -> bool:
    """Return whether a read of the person asks that shard of a cluster as it was made."""
    return any(slot_of(key) * SHARDS // SLOTS == shard for key in keys_of(person))


async def test_no_read_fails_while_slots_move_and_tokens_and_connections_expire(
    cache: Cache, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens live 15 minutes of a clock that leaps, connections two seconds without a login."""
    monkeypatch.setattr(opening_module, "CHECK_SECONDS", 0.2)
    monkeypatch.setattr(iam_module, "RENEWAL_SECONDS", 0.5)
    for end in cache.ends:
        end.lifetime = 2.0
    reader = OnlineReader(PLAN, SERVICE, cache.connection(credentials=IamToken(IDENTITY, clock)))
    await reader.ping(DEADLINE)
    tokens = len(set(cache.users.tokens))
    async with under_load(reader, PEOPLE, READERS, DEADLINE) as load:
        for person in range(6):
            slot = slot_of(keys_of(person)[0])
            await asyncio.to_thread(move_slot, slot, cache.servers[:SHARDS], ADMIN_PASSWORD)
            clock.leap += 500
            await asyncio.sleep(0.4)
            await load.answers()
    await reader.close()
    assert (load.wrong, load.failures) == (0, [])
    assert len(set(cache.users.tokens)) > tokens + 3
    assert not cache.users.refusals


async def test_a_failover_fails_reads_of_its_shard_alone_and_none_once_it_is_done(
    cache: Cache,
) -> None:
    reader = OnlineReader(PLAN, SERVICE, cache.connection(credentials=IamToken(IDENTITY)))
    await reader.ping(DEADLINE)
    async with under_load(reader, PEOPLE, READERS, DEADLINE) as load:
        await load.answers()
        asked = cache.commands(b"CLUSTER")
        cache.servers[1].terminate()
        assert await reads_again(reader)
        while_away = list(load.failures)
        await load.answers(2 * PEOPLE)
        assert load.failures == while_away
    await reader.close()
    assert load.wrong == 0
    assert while_away
    assert [person for person in while_away if not touches(person, 1)] == []
    assert cache.commands(b"CLUSTER") - asked <= len(while_away) + PEOPLE


async def test_a_connection_that_the_cache_ends_fails_the_reads_that_wait_on_it_and_no_more(
    cache: Cache,
) -> None:
    reader = OnlineReader(PLAN, SERVICE, cache.connection(credentials=IamToken(IDENTITY)))
    await reader.ping(DEADLINE)
    ended = 0
    async with under_load(reader, PEOPLE, READERS, DEADLINE) as load:
        for _ in range(5):
            ended += cache.end_connections()
            await load.answers()
    await reader.close()
    assert load.wrong == 0
    assert ended >= SHARDS
    assert load.failed <= ended * READERS


async def test_a_slot_that_is_half_moved_is_read_and_written_by_the_documented_user(
    cache: Cache,
) -> None:
    worker = cache.worker()
    reader, sync = OnlineReader(PLAN, SERVICE, worker), SyncOnlineReader(PLAN, SERVICE, worker)
    slot = slot_of(keys_of(7)[0])
    with half_moved(slot, cache.servers[:SHARDS], ADMIN_PASSWORD):
        for _ in range(3):
            assert (await reader.read(people(8), DEADLINE))[7].values == expected(7)
            assert sync.read(people(8), DEADLINE)[7].values == expected(7)
            await asyncio.to_thread(fill, worker)
    assert cache.commands(b"ASKING") > 0
    await reader.close()
    sync.close()
