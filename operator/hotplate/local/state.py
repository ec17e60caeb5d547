"""The state folder: what one `hotplate up` keeps between runs, and who holds it now.

lock          held while a `hotplate up` runs
run.json      the running one's process and, once it is ready, addresses
record.json   what was done: revision, views, model
valkey/       the embedded Valkey's append-only file
bentoml/      BentoML's home with its model store
logs/         what Feast, Valkey and the bento print
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from hotplate.local.errors import LocalError
from hotplate.local.record import Record

OWNER_VARIABLE = "HOTPLATE_STATE"
"""Set in the environment of every process that a run starts, to its state folder."""


class State:
    """The state folder of one FeatureStore on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    @property
    def valkey(self) -> Path:
        """The embedded Valkey's data."""
        return self.folder / "valkey"

    @property
    def bentoml(self) -> Path:
        """The home of BentoML, with its model store."""
        return self.folder / "bentoml"

    @property
    def settings(self) -> Path:
        """The settings that the scoring process reads."""
        return self.folder / "serving.json"

    def log(self, name: str) -> Path:
        """The log file of that name."""
        return self.folder / "logs" / f"{name}.log"

    def create(self) -> None:
        """Make the folder; raise `LocalError` when it cannot be written or holds other things."""
        try:
            self._refuse_foreign()
            (self.folder / "logs").mkdir(parents=True, exist_ok=True)
            (self.folder / ".gitignore").write_text("*\n")
        except OSError as error:
            raise LocalError(
                f"the state folder {self.folder} cannot be written ({error.strerror}): "
                "make it writable, or name another with --state"
            ) from error

    def _refuse_foreign(self) -> None:
        ours = self.folder / "logs"
        if self.folder.is_dir() and any(self.folder.iterdir()) and not ours.is_dir():
            raise LocalError(
                f"{self.folder} is not a state folder and not empty: "
                "name a new or empty folder with --state"
            )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder alone; raise `LocalError` when a running `hotplate up` holds it.

        What a killed run left behind is ended first.
        """
        with (self.folder / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise self.held_by() from error
            end_all(self.leftovers())
            self.write_running()
            try:
                yield
            finally:
                (self.folder / "run.json").unlink(missing_ok=True)
                end_all(self.leftovers())

    def held_by(self) -> LocalError:
        """The refusal of a folder that a running `hotplate up` holds."""
        running = self.running() or {}
        return LocalError(
            f"the state folder {self.folder} belongs to a running `hotplate up` "
            f"(process {running.get('pid', 'unknown')}, {running.get('url') or 'not ready yet'}): "
            "end it with `hotplate down`, or name another folder with --state"
        )

    def is_held(self) -> bool:
        """Whether a `hotplate up` holds the folder now."""
        try:
            with (self.folder / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def leftovers(self) -> list[psutil.Process]:
        """The processes that a run on this folder started and that are still there."""
        return [process for process in psutil.process_iter() if self._started(process)]

    def _started(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(OWNER_VARIABLE) == str(self.folder)
        except psutil.Error:
            return False

    def running(self) -> dict[str, Any] | None:
        """Process and addresses of the run that holds the folder, or None.

        `url` is None until it is ready.
        """
        return _read_json(self.folder / "run.json") if self.is_held() else None

    def write_running(self, url: str | None = None, store: str | None = None) -> None:
        """Say which process runs here and, once it is ready, at which addresses."""
        running = {"pid": os.getpid(), "url": url, "store": store}
        _write(self.folder / "run.json", json.dumps(running))

    def record(self) -> Record:
        """What earlier runs did; an empty record when there is none or it cannot be read."""
        raw = _read_json(self.folder / "record.json")
        return Record() if raw is None else Record.model_validate(raw)

    def write_record(self, record: Record) -> None:
        """Keep the record, whole or not at all."""
        _write(self.folder / "record.json", record.model_dump_json(indent=2, by_alias=True))

    def clear(self) -> None:
        """Remove what earlier runs kept; the lock, which the caller holds, and the logs stay."""
        for entry in (self.valkey, self.bentoml):
            shutil.rmtree(entry, ignore_errors=True)
        for entry in (self.folder / "record.json", self.settings):
            entry.unlink(missing_ok=True)


def end_all(processes: list[psutil.Process], patience: float = 5.0) -> None:
    """Terminate the processes; kill those still there after `patience` seconds."""
    for process in processes:
        _signal(process, "terminate")
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        _signal(process, "kill")
    psutil.wait_procs(alive, timeout=patience)


def _signal(process: psutil.Process, method: str) -> None:
    try:
        getattr(process, method)()
    except psutil.NoSuchProcess:
        return


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        raw = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return raw if isinstance(raw, dict) else None


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text)
    temporary.replace(path)
