"""`hotplate status` and `hotplate down`: what the state folders of this machine say."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console

from hotplate.cli.render import ShownModel, ShownStore, ShownView, show_stores
from hotplate.local.errors import LocalError
from hotplate.local.state import State, end_all

STATES = Path(".hotplate")
"""Where the state folders are, one for each FeatureStore, in the current folder."""

DOWN_SECONDS = 10.0


def states(folder: Path | None) -> list[State]:
    """The state folder asked for, or all of the current folder."""
    if folder is not None:
        return [State(folder)]
    return [State(record.parent) for record in sorted(STATES.glob("*/lock"))]


def show_status(folder: Path | None, console: Console) -> None:
    """Print what each state folder holds: views, watermarks, rows, model, and who serves it."""
    found = states(folder)
    if not found:
        console.print("Nothing is here yet: start with `hotplate up MANIFEST`.")
    show_stores(map(_shown, found), datetime.now(UTC), console)


def _shown(state: State) -> ShownStore:
    record = state.record()
    models = () if record.model is None else (record.model,)
    return ShownStore(
        name=state.folder.name,
        state=_whereabouts(state),
        revision=record.applied.revision if record.applied is not None else "",
        views=tuple(ShownView(name, v.watermark, v.rows) for name, v in record.views.items()),
        models=tuple(ShownModel(model.version, model.metrics) for model in models),
    )


def _whereabouts(state: State) -> str:
    running = state.running()
    if running is None:
        return "not running"
    return f"serves at {running['url']}" if running["url"] else "starting"


def down(folder: Path | None, console: Console) -> None:
    """End the running `hotplate up` of each state folder; wait until all it started is gone."""
    up = [state for state in states(folder) if state.is_held() or state.leftovers()]
    if not up:
        console.print("Nothing is running.")
    for state in up:
        _end(state)
        console.print(f"{state.folder.name} is down.", highlight=False)


def _end(state: State) -> None:
    running = state.running()
    if running is not None:
        _terminate(int(running["pid"]))
        _wait_until_free(state, running["pid"])
    end_all(state.leftovers())


def _wait_until_free(state: State, pid: int) -> None:
    deadline = time.monotonic() + DOWN_SECONDS
    while state.is_held():
        if time.monotonic() > deadline:
            raise LocalError(f"process {pid} has not ended in {DOWN_SECONDS:.0f} s")
        time.sleep(0.05)


def _terminate(pid: int) -> None:
    try:
        psutil.Process(pid).terminate()
    except psutil.NoSuchProcess:
        return
