"""`hotplate up -d`: the same run in the background, followed until it is ready."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

from hotplate.local.errors import LocalError
from hotplate.local.manifests import read
from hotplate.local.state import State
from hotplate.local.up import Options, state_of


def up_detached(options: Options) -> None:
    """Start `hotplate up` in the background and print its lines until it is ready.

    Raises:
        LocalError: it ended before it was ready; its lines said why.
    """
    state = state_of(read(options.manifest), options.state)
    state.create()
    if state.is_held():
        raise state.held_by()
    log = state.log("up")
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  (our own command)
            [sys.executable, "-m", "hotplate.cli", "up", *_arguments(options)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _follow(log, process, state)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise


def _arguments(options: Options) -> list[str]:
    arguments = [str(options.manifest), "--host", options.host, "--port", str(options.port)]
    if options.state is not None:
        arguments += ["--state", str(options.state)]
    flags = {"--fresh": options.fresh, "--retrain": options.retrain}
    return arguments + [flag for flag, wanted in flags.items() if wanted]


def _follow(log: Path, process: subprocess.Popen[bytes], state: State) -> None:
    """Copy the log's lines to standard output until the run is ready or ends."""
    with log.open("rb") as lines:
        while not (is_ready := _is_ready(process, state)) and process.poll() is None:
            _copy(lines)
            time.sleep(0.05)
        _copy(lines)
    if not is_ready:
        raise LocalError(f"the run ended before it was ready; its log: {log}")


def _is_ready(process: subprocess.Popen[bytes], state: State) -> bool:
    running = state.running() or {}
    return running.get("pid") == process.pid and running["url"] is not None


def _copy(lines: BinaryIO) -> None:
    sys.stdout.write(lines.read().decode(errors="replace"))
    sys.stdout.flush()
