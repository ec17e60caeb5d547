"""A Ray cluster of one machine, in processes of its own, as KubeRay would run one."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray

OPTIONS = {
    "node-ip-address": "127.0.0.1",
    "num-cpus": 2,
    "include-dashboard": "false",
    "object-store-memory": 100_000_000,
    "disable-usage-stats": "",
}

START_SECONDS = 120


@contextmanager
def ray_head(folder: Path) -> Iterator[str]:
    """Run a Ray head; yield the address that its clients connect to."""
    port, client_port = _free_ports(2)
    options = OPTIONS | {"port": port, "ray-client-server-port": client_port}
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
    command += [
        f"--{name}={value}" if value != "" else f"--{name}" for name, value in options.items()
    ]
    environment = {**os.environ, "RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": "120"}
    with (folder / "head.log").open("w") as log:
        head = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            _await(client_port)
            address = f"ray://127.0.0.1:{client_port}"
            _await_client(address)
            yield address
        finally:
            ray.shutdown()
            head.terminate()
            head.wait(30)


def _await(port: int) -> None:
    """Return when somebody listens on the port: a busy head starts later than clients give up."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def _await_client(address: str) -> None:
    """Return when a client can connect: what serves the first may end while the head starts."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            ray.init(address)
        except ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(1)
        else:
            ray.shutdown()
            return


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
