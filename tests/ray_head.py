"""A Ray cluster of one machine, in processes of its own, as KubeRay would run one."""

import os
import socket
import subprocess
import sys
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


@contextmanager
def ray_head(folder: Path) -> Iterator[str]:
    """Run a Ray head; yield the address that its clients connect to."""
    port, client_port = _free_ports(2)
    options = OPTIONS | {"port": port, "ray-client-server-port": client_port}
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
    command += [
        f"--{name}={value}" if value != "" else f"--{name}" for name, value in options.items()
    ]
    environment = {**os.environ, "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
    with (folder / "head.log").open("w") as log:
        head = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            yield f"ray://127.0.0.1:{client_port}"
        finally:
            ray.shutdown()
            head.terminate()
            head.wait(30)


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
