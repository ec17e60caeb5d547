"""The bento of a run: BentoML's own server as a child process, until the run ends."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotplate.local.errors import LocalError
from hotplate.local.state import State

READY_SECONDS = 60.0
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Bento:
    """A bento's folder with its service class, and the address to serve it on."""

    folder: Path
    service: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://{self.host}:{self.port}"


def refuse_taken_port(host: str, port: int) -> None:
    """Raise `LocalError` when something listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise LocalError(
                f"port {port} on {host} cannot be used ({error.strerror}): "
                "end what listens there, or name another with --port"
            ) from error


@contextmanager
def serving(bento: Bento, state: State) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the bento until the block ends; yield its process once it is ready.

    Raises:
        LocalError: it ends or is not ready in time; the message has the end of its log.
    """
    log = state.log("bento")
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  (our own command)
            _command(bento),
            cwd=bento.folder,
            env=_environment(state),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(bento, process, log)
        yield process
    finally:
        _stop(process)


def _command(bento: Bento) -> list[str]:
    serve = [sys.executable, "-m", "bentoml", "serve", f"service:{bento.service}"]
    return [*serve, "--host", bento.host, "--port", str(bento.port), "--timeout-keep-alive", "75"]


def _environment(state: State) -> dict[str, str]:
    return {
        **os.environ,
        "BENTOML_HOME": str(state.bentoml),
        "BENTOML_DO_NOT_TRACK": "True",
        "HOTPLATE_SERVING": str(state.settings),
    }


def _wait_until_ready(bento: Bento, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _is_ready(bento.url):
        if process.poll() is not None:
            raise LocalError(f"the bento does not start:\n{tail(log)}\nits whole log: {log}")
        if time.monotonic() > deadline:
            raise LocalError(f"the bento is not ready after {READY_SECONDS:.0f} s:\n{tail(log)}")
        time.sleep(0.05)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def get_json(url: str) -> Any:
    """The JSON at the URL."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def post_json(url: str, body: Any) -> Any:
    """The JSON answer to the JSON body; an HTTP error's own answer is returned too."""
    request = urllib.request.Request(  # noqa: S310
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)
