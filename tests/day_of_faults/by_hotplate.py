"""The day under Hotplate: its decisions say what runs, and its Jobs' functions do the work."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from day_of_faults.definitions import name_of
from day_of_faults.script import BLOCKED, MAX_DATA_AGE, MAX_STALENESS, SILENT, Script
from hotplate import jobs
from hotplate.api.fields.base import format_duration
from hotplate.decide.jobs.specs import JobSpec
from hotplate.decide.observed import Valkey
from hotplate.decide.simulate import FeatureStoreLife
from hotplate.jobs import JobError, Workspace
from hotplate.jobs.repository.session import connected
from hotplate.protocol import job_environment, readers
from hotplate.protocol.readers import Reader
from hotplate.protocol.results import Result
from support.api.resources import feature_store
from support.feast.small_repository import materialize_and_die

VALKEY = Valkey(ready=True, pod_uid="pod-1")


def life(script: Script, project: str) -> FeatureStoreLife:
    """Return the FeatureStore of the day: two promises, and only the live model gates a plan."""
    promised = {
        SILENT: {"maxDataAge": format_duration(MAX_DATA_AGE)},
        BLOCKED: {"maxStaleness": format_duration(MAX_STALENESS)},
    }
    views = [{"name": name_of(view)} | promised.get(view, {}) for view in range(script.views)]
    spec = {"schedule": "*/15 * * * *", "views": views, "parallelism": 64}
    gate = {"maxDeletions": 100}
    resource = feature_store("day", project=project, materialization=spec, apply=gate)
    return FeatureStoreLife(resource, script.start, VALKEY)


@dataclass
class HotplateSide:
    """A FeatureStore's life; `blocked` are the views whose pods do not run."""

    life: FeatureStoreLife
    folder: Path
    url: str
    done: dict[str, datetime] = field(default_factory=dict)
    runs: int = 0
    failed: int = 0
    blocked: set[str] = field(default_factory=set)
    pushes: int = 0
    has_ended: bool = False

    @property
    def warns(self) -> bool:
        return self.life.conditions["Fresh"].status.value == "False"

    @property
    def store(self) -> Any:
        return connected(self._workspace)

    def push(self, now: datetime) -> None:
        """Follow a change of the ConfigMap to its end, with the runs after the apply."""
        self.pushes += 1
        self.life.references["ConfigMap/credit-features"] = str(self.pushes)
        self._step(now)
        while names := [name for name in self.life.jobs.running() if not self._is_blocked(name)]:
            for name in names:
                self._run(name, self._work(self.life.jobs.specs[name]))
            self._step(now)
        revision = self.life.store.status.revision
        if revision is not None and not self.life.readers:
            self.life.readers = (Reader("live", "served", revision.read_plan),)

    def due(self, now: datetime) -> list[str]:
        self._step(now)
        return [
            self.life.jobs.specs[name].variables[job_environment.VIEW]
            for name in self.life.jobs.running("materialize")
        ]

    def materialize(self, view: str, now: datetime, *, is_killed: bool) -> None:
        (name,) = self.life.jobs.running(f"materialize {view}")
        if not is_killed:
            self._run(name, self._work(self.life.jobs.specs[name]))
            return
        self.failed, self.has_ended = self.failed + 1, True
        context = multiprocessing.get_context("forkserver")
        workspace = self._workspace_of(self.life.jobs.specs[name])
        process = context.Process(target=_killed, args=(workspace, view, now))
        process.start()
        process.join()
        assert process.exitcode == -9, process.exitcode
        self.life.jobs.fail([name], "JobFailed", "the pod was killed", now)

    def look(self, now: datetime) -> None:
        """Decide as the operator does: where it asked to be asked again, or a Job has ended."""
        requeue = self.life.decision.requeue_at if self.life.decision else None
        if self.has_ended or (requeue is not None and requeue <= now):
            self._step(now)

    def _step(self, now: datetime) -> None:
        self.life.now, self.has_ended = now, False
        self.life.step()

    def _is_blocked(self, name: str) -> bool:
        return self.life.jobs.specs[name].variables.get(job_environment.VIEW) in self.blocked

    @property
    def _workspace(self) -> Workspace:
        return Workspace(self.life.store, self.folder, self.url, self.folder.parent / "home")

    def _run(self, name: str, work: Callable[[], Result]) -> None:
        """Run a Job, and end it as it ends."""
        now, spec = self.life.now, self.life.jobs.specs[name]
        view, self.has_ended = spec.variables.get(job_environment.VIEW), True
        try:
            with clock(now):
                result = jobs.fitting(self._workspace, work())
        except JobError as error:
            self.failed += view is not None
            self.life.jobs.fail([name], error.reason, error.message, now)
            return
        self.life.jobs.succeed([name], lambda _: result, now)
        if view is not None:
            self.runs += 1
            self.done[view] = now

    def _workspace_of(self, spec: JobSpec) -> Workspace:
        """Return what the Job's pod works on with its variables."""
        read = spec.variables.get(job_environment.READERS)
        return replace(
            self._workspace,
            plan_hash=spec.variables.get(job_environment.PLAN_HASH),
            readers=None if read is None else readers.from_json(read),
        )

    def _work(self, spec: JobSpec) -> Callable[[], Result]:
        """Return what the Job's pod runs."""
        workspace, variables = self._workspace_of(spec), spec.variables
        if spec.name == "materialize":
            return lambda: jobs.materialize(workspace, variables[job_environment.VIEW])
        if spec.name == "result":
            digest, part = job_environment.RESULT, job_environment.RESULT_PART
            return lambda: jobs.result_part(workspace, variables[digest], int(variables[part]))
        job = {"plan": jobs.plan, "apply": jobs.apply}[spec.name]
        return lambda: job(workspace)


@contextmanager
def clock(now: datetime) -> Iterator[None]:
    """Let a materialization take this time for now."""
    module = import_module("hotplate.jobs.tasks.materialize")
    stopped = type("Clock", (datetime,), {"now": classmethod(lambda *_: now)})
    setattr(module, datetime.__name__, stopped)
    try:
        yield
    finally:
        setattr(module, datetime.__name__, datetime)


def _killed(workspace: Workspace, view: str, now: datetime) -> None:
    with clock(now):
        materialize_and_die("in mid-write", workspace, view)
