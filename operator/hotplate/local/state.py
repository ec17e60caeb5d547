"""The state folder: what one `hotplate up` keeps between runs, and who holds it now.

lock          held while a `hotplate up` runs
run.json      the running one's process and, once it is ready, addresses
resources/    the two resources with their status, as an API server keeps them
jobs/         the Jobs that have ended, as a cluster keeps Job objects
manifest.yaml the resources that Jobs read
valkey/       the embedded Valkey's append-only file
bentoml/      BentoML's home with its model store
logs/         what Feast, Valkey and the bento print
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import psutil
from pydantic import ValidationError

from hotplate.api import FeatureStore, ModelDeployment, Resource, names
from hotplate.local.errors import LocalError
from hotplate.local.files import read_object, write_whole
from hotplate.local.jobs.finished import FinishedJobs

R = TypeVar("R", FeatureStore, ModelDeployment)

OWNER_VARIABLE = "HOTPLATE_STATE"
"""Set in the environment of every process that a run starts, to its state folder."""

LOCK_PATIENCE = 0.5
"""Seconds that a start waits for the lock; `is_held` keeps it for some microseconds."""


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

    @property
    def job_resources(self) -> Path:
        """The resources as Jobs read them."""
        return self.folder / "manifest.yaml"

    @property
    def plan_resources(self) -> Path:
        """The resources as the Job of `hotplate plan` reads them."""
        return self.folder / "plan.yaml"

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
            if not _lock(lock):
                raise self.held_by()
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
        """Whether a `hotplate up` holds the folder now; several may ask at one time."""
        try:
            with (self.folder / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
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
        return read_object(self.folder / "run.json") if self.is_held() else None

    def write_running(self, url: str | None = None, store: str | None = None) -> None:
        """Say which process runs here and, once it is ready, at which addresses."""
        running = {"pid": os.getpid(), "url": url, "store": store}
        write_whole(self.folder / "run.json", json.dumps(running))

    def feature_store(self) -> FeatureStore | None:
        """Return the FeatureStore with its status; None if there is none, or it cannot be read."""
        return _read(FeatureStore, self._resource(names.FEATURE_STORE))

    def model_deployment(self) -> ModelDeployment | None:
        """Return the ModelDeployment with its status; None as for `feature_store`."""
        return _read(ModelDeployment, self._resource(names.MODEL_DEPLOYMENT))

    def write(self, resource: Resource) -> None:
        """Keep a resource with its status."""
        path = self._resource(resource.kind)
        path.parent.mkdir(exist_ok=True)
        text = resource.model_dump_json(by_alias=True, exclude_none=True, indent=2)
        write_whole(path, text)

    @property
    def finished_jobs(self) -> FinishedJobs:
        """The Jobs that have ended."""
        return FinishedJobs(self.folder / "jobs")

    def refuse_earlier_layout(self) -> None:
        """Raise `LocalError` where an earlier version kept its record in the folder."""
        if self._earlier_record.exists():
            raise LocalError(
                f"the state folder {self.folder} was written by an earlier version of Hotplate,"
                " which this one does not read: `hotplate up --fresh` starts over in it"
            )

    def clear(self) -> None:
        """Remove what earlier runs kept; the lock, which the caller holds, and the logs stay."""
        for entry in (self.valkey, self.bentoml, self.folder / "resources", self.folder / "jobs"):
            shutil.rmtree(entry, ignore_errors=True)
        for file in (self._earlier_record, self.settings, self.job_resources, self.plan_resources):
            file.unlink(missing_ok=True)

    @property
    def _earlier_record(self) -> Path:
        return self.folder / "record.json"

    def _resource(self, kind: str) -> Path:
        return self.folder / "resources" / f"{kind}.json"


def _lock(lock: IO[str]) -> bool:
    """Lock the file, after those who only ask whether it is locked; return whether it is."""
    deadline = time.monotonic() + LOCK_PATIENCE
    while not (is_locked := _try_lock(lock)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return is_locked


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


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


def _read(kind: type[R], path: Path) -> R | None:
    raw = read_object(path)
    try:
        return None if raw is None else kind.model_validate(raw)
    except ValidationError:
        return None
