"""`hotplate status` and `hotplate down`: what the state folders of this machine say."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from hotplate.local.errors import LocalError
from hotplate.local.prepare import short
from hotplate.local.record import Record
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
    for state in found:
        console.print(f"[bold]{state.folder.name}[/bold]: {_whereabouts(state)}", highlight=False)
        _show_record(state.record(), console)


def _whereabouts(state: State) -> str:
    running = state.running()
    if running is None:
        return "not running"
    return f"serves at {running['url']}" if running["url"] else "starting"


def _show_record(record: Record, console: Console) -> None:
    if record.applied is not None:
        console.print(f"  revision {short(record.applied.revision)}", highlight=False)
    if record.views:
        console.print(_views(record, datetime.now(UTC)))
    if record.model is not None:
        metrics = ", ".join(f"{name} {value:g}" for name, value in record.model.metrics.items())
        console.print(
            f"  model {record.model.version} ({metrics})", highlight=False, soft_wrap=True
        )


def _views(record: Record, now: datetime) -> Table:
    table = Table(box=None, pad_edge=True)
    for column in ("VIEW", "WATERMARK (UTC)", "STALENESS", "ROWS"):
        table.add_column(column, justify="right" if column == "ROWS" else "left", no_wrap=True)
    for name, view in record.views.items():
        staleness = timedelta(seconds=round((now - view.watermark).total_seconds()))
        table.add_row(name, f"{view.watermark:%Y-%m-%d %H:%M:%S}", str(staleness), f"{view.rows:,}")
    return table


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
