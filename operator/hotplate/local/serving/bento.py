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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotplate.api.v1alpha1.names import revision_id
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.observed import Serving
from hotplate.local.errors import LocalError
from hotplate.local.files import write_whole
from hotplate.local.reconciler import Target
from hotplate.local.state import State
from hotplate.protocol import bentoml_environment
from hotplate.protocol.serving_settings import SETTINGS_VARIABLE

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


class Server:
    """Serves a bento with one model at a time; another model takes over by a restart."""

    def __init__(self, bento: Bento, state: State, say: Callable[[str], None]) -> None:
        self._bento, self._state, self._say = bento, state, say
        self._process: subprocess.Popen[bytes] | None = None
        self._served: Target | None = None
        self._refused: tuple[Target, str] | None = None

    @property
    def url(self) -> str:
        """Where it serves."""
        return self._bento.url

    def serve(self, target: Target) -> None:
        """Serve the target, unless it serves that already.

        A target that does not start is refused until another one comes, and what served before
        serves again.

        Raises:
            LocalError: nothing serves, and the target does not start.
        """
        if target == self._served or (self._refused and target == self._refused[0]):
            return
        before, self._refused = self._served, None
        try:
            self._start(target)
        except LocalError as error:
            if before is None:
                raise
            self._refused = (target, str(error))
            self._say(f"error: {error}")
            self._start(before)

    def observed(self) -> Serving | None:
        """Return what serves now, None before anything has."""
        if self._served is None:
            return None
        is_refused = self._refused is not None
        return Serving(
            revision=revision_id(fingerprint(self._served.settings.document())),
            image=self._bento.folder.name,
            url=self.url,
            wanted=1,
            available=int(not is_refused),
            ready=1,
            replicas=1,
            is_complete=not is_refused,
            stuck=self._refused[1] if self._refused else "",
        )

    def check(self) -> None:
        """Raise `LocalError` when the bento has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            log = self._state.log("bento")
            raise LocalError(f"the bento ended by itself; its log: {log}")

    def close(self) -> None:
        """Stop serving."""
        if self._process is not None:
            _stop(self._process)
        self._process = self._served = None

    def _start(self, target: Target) -> None:
        self.close()
        write_whole(self._state.settings, json.dumps(target.settings.document(), indent=2))
        log = self._state.log("bento")
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  (our own command)
                _command(self._bento),
                cwd=self._bento.folder,
                env=_environment(self._state),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _wait_until_ready(self._bento, self._process, log)
        self._served = target


def _command(bento: Bento) -> list[str]:
    serve = [sys.executable, "-m", "bentoml", "serve", f"service:{bento.service}"]
    return [*serve, "--host", bento.host, "--port", str(bento.port), "--timeout-keep-alive", "75"]


def _environment(state: State) -> dict[str, str]:
    return {
        **os.environ,
        bentoml_environment.HOME: str(state.bentoml),
        bentoml_environment.DO_NOT_TRACK: "True",
        SETTINGS_VARIABLE: str(state.settings),
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
