"""A server that is silent for a while: reads keep their deadlines, and all is right after it."""

from __future__ import annotations

import asyncio

import pytest
import redis

from hotplate.online import Connection, OnlineReader, OnlineReadError, OnlineStoreTimeout
from hotplate.online.aio.link import STALL_SECONDS
from hotplate.online.blocking.reader import SyncOnlineReader
from support.online.load import is_right, recovers
from support.online.rows import PLAN, SERVICE, expected, people
from support.valkey.faulty_proxy import Proxy

STALL_OF_SECONDS = 30


async def test_a_stall_of_a_tenth_of_a_second_costs_only_its_own_reads(
    filled: Connection, reader: OnlineReader, client: redis.Redis
) -> None:
    await reader.ping(1)
    client.client_pause(100)
    with pytest.raises(OnlineStoreTimeout):
        await reader.read(people(1), 0.01)
    assert await is_right(reader, 3, 2)


async def test_a_connection_that_stays_silent_is_given_up_and_reads_fail_fast_until_it_is_back(
    proxy: Proxy, far_reader: OnlineReader
) -> None:
    proxy.flowing.clear()
    with pytest.raises(OnlineStoreTimeout):
        await far_reader.read(people(1), 0.01)
    await asyncio.sleep(STALL_SECONDS)
    with pytest.raises(OnlineReadError, match="no reply for"):
        await far_reader.read(people(1), 0.01)
    proxy.flowing.set()
    assert await recovers(far_reader)
    assert proxy.connections > 1


async def test_reads_keep_their_deadlines_in_a_stall_of_half_a_minute_and_recover_after_it(
    proxy: Proxy, far_reader: OnlineReader
) -> None:
    """The one test that takes its time: thirty seconds pass in which nothing answers."""
    address = Connection("127.0.0.1", proxy.port)
    blocking = SyncOnlineReader(PLAN, SERVICE, address)
    await asyncio.to_thread(blocking.read, people(1), 1)
    assert await is_right(far_reader, 3, 1)
    until = asyncio.get_running_loop().time() + STALL_OF_SECONDS
    proxy.flowing.clear()
    while asyncio.get_running_loop().time() < until:
        async with asyncio.timeout(1):
            with pytest.raises(OnlineReadError):
                await far_reader.read(people(1), 0.01)
            with pytest.raises(OnlineReadError):
                await asyncio.to_thread(blocking.read, people(1), 0.01)
        await asyncio.sleep(0.1)
    proxy.flowing.set()
    assert await recovers(far_reader)
    (row,) = await asyncio.to_thread(blocking.read, people(4)[3:], 1)
    assert row.values == expected(3)
    blocking.close()
