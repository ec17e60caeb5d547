"""Git over SSH: OpenSSH's server, on loopback, with one key that may log in."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.processes import free_port

_START_SECONDS = 10.0


@dataclass(frozen=True)
class SshServer:
    """A server: the URL that repositories' paths follow, its client's key and its host key."""

    port: int
    key: Path
    host_key: str

    @property
    def url(self) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}"

    @property
    def known_hosts(self) -> str:
        """The line that a client knows the server by."""
        return f"[127.0.0.1]:{self.port} {self.host_key}\n"


def new_key(path: Path) -> str:
    """Write a private key; return its public key."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)]
    subprocess.run(command, check=True)
    kind, key, _ = path.with_suffix(".pub").read_text().split()
    return f"{kind} {key}"


def program() -> str:
    """Return the path of sshd; skip without it, but on CI it must be there."""
    found = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None and os.environ.get("CI") != "true":
        pytest.skip("OpenSSH's server is not installed here (Debian: openssh-server)")
    assert found is not None, "CI installs openssh-server"
    return found


@contextmanager
def git_over_ssh(folder: Path) -> Iterator[SshServer]:
    """Run a server whose files are in the folder."""
    sshd = program()
    server = SshServer(free_port(), folder / "client", new_key(folder / "host"))
    (folder / "authorized").write_text(new_key(server.key) + "\n")
    settings = {
        "Port": server.port,
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "authorized",
        "PidFile": "none",
        "UsePAM": "no",
        "StrictModes": "no",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
    }
    lines = "".join(f"{name} {value}\n" for name, value in settings.items())
    (folder / "config").write_text(lines)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sshd, "-D", "-e", "-f", folder / "config"], stderr=log)
    try:
        _until_listening(process, folder / "log")
        yield server
    finally:
        process.terminate()
        process.wait(10)


def _until_listening(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while "Server listening" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
