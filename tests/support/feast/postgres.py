"""A PostgreSQL server for tests, as the machine has it installed; its data are gone at the end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DEBIAN = Path("/usr/lib/postgresql")
PASSWORD = "p@ss,w=rd"
USER = "features"


def programs() -> Path | None:
    """Return the folder of PostgreSQL's server programs; None where there are none."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(DEBIAN.glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def postgres(bin_folder: Path) -> Iterator[str]:
    """Run a server and yield the SQLAlchemy URL of its database."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        data, secret = Path(folder, "data"), Path(folder, "password")
        secret.write_text(PASSWORD)
        as_user = _unprivileged(folder, secret)
        subprocess.run(
            [bin_folder / "initdb", "-D", data, "-U", USER, f"--pwfile={secret}", "-A", "md5"],
            check=True,
            capture_output=True,
            **as_user,
        )
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "fsync": "off",
            "unix_socket_directories": folder,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with Path(folder, "log").open("w") as log:
            server = subprocess.Popen(
                [bin_folder / "postgres", "-D", data, *options], stderr=log, **as_user
            )
        try:
            _wait_for(port, server)
            yield f"postgresql://{USER}:p%40ss,w%3Drd@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # ends sessions; SIGTERM would wait for them
            server.wait(30)


def _unprivileged(folder: str, *files: Path) -> dict[str, Any]:
    """Return how to run as another user than root, as whom the server refuses to run."""
    if os.geteuid() != 0:
        return {}
    for path in (folder, *files):
        shutil.chown(path, "nobody")
    return {"user": "nobody", "extra_groups": [], "cwd": folder}


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("PostgreSQL does not start")
