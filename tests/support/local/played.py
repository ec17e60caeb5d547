"""A local run whose Jobs, server and clock are played: no process, no waiting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hotplate.api import Resource
from hotplate.api.v1alpha1 import names
from hotplate.decide.jobs.specs import JobSpec
from hotplate.decide.observed import Outcome, Serving
from hotplate.local.embedded import EmbeddedStore
from hotplate.local.jobs.controller import JobController
from hotplate.local.jobs.worker import Call, Ended
from hotplate.local.manifests import Manifests
from hotplate.local.reconciler import Reconciled, Reconciler
from hotplate.local.state import State
from hotplate.protocol.job_results import FailedResult
from support.api.resources import feature_store, model_deployment
from support.job_results import result

START = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)
VIEWS = [{"name": "credit_history", "maxStaleness": "1h"}, {"name": "zipcode_features"}]


class PlayedRunner:
    """Runs nothing: a call ends when the test says so."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}

    def start(self, name: str, call: Call) -> None:
        self.calls[name] = call

    def stop(self, name: str) -> None:
        del self.calls[name]

    def wait(self, seconds: float) -> Mapping[str, Ended]:  # noqa: ARG002
        return {}

    def rest(self) -> None:
        pass


class Heard:
    """What a listener of Jobs was told, a line each."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.lines: list[str] = []

    def started(self, name: str, job_spec: JobSpec) -> None:
        self.names[name] = job_spec.label
        self.lines.append(f"start {job_spec.label}")

    def retried(self, name: str, attempt: int, failure: FailedResult) -> None:
        self.lines.append(f"attempt {attempt} of {self.names[name]}: {failure.reason}")

    def finished(self, name: str, outcome: Outcome) -> None:
        self.lines.append(f"{outcome.reason} {self.names[name]}")

    def stopped(self, name: str) -> None:
        self.lines.append(f"stop {self.names[name]}")


class LocalLife:
    """The two resources of a local run, whose Jobs end when the test says so."""

    def __init__(
        self,
        folder: Path,
        store: dict[str, Any] | None = None,
        model: dict[str, Any] | None = None,
    ) -> None:
        self.now = START
        self.state = State(folder / "state")
        self.state.create()
        self.definitions = folder / "features"
        self.definitions.mkdir(exist_ok=True)
        (self.definitions / "features.py").write_text("")
        self.runner, self.heard = PlayedRunner(), Heard()
        self.serving: Serving | None = None
        self.spec: dict[str, dict[str, Any]] = {"store": {}, "model": {}}
        self.refresh: dict[str, str] = {}
        self.begin()
        self.change(store=store, model=model)

    def begin(self) -> None:
        """Begin a `hotplate up`: what ran in an earlier one is gone."""
        self.state.finished_jobs.delete_failed()
        self.runner.calls.clear()
        self.jobs = JobController(self.runner, self.state.finished_jobs, self.heard)
        embedded = EmbeddedStore("redis://127.0.0.1:6379", "uid-1")
        self.reconciler = Reconciler(self.state, embedded, self.jobs, lambda: self.now)
        self.serving = None
        if self.spec["store"]:
            self.change()

    def change(
        self,
        store: dict[str, Any] | None = None,
        model: dict[str, Any] | None = None,
        *,
        retrain: bool = False,
        golden_rows: Path | None = None,
    ) -> None:
        """Edit fields of the manifests' specs."""
        views = {"materialization": {"views": VIEWS}}
        self.spec["store"] = views | self.spec["store"] | (store or {})
        self.spec["model"] |= model or {}
        manifests = Manifests(
            _local(feature_store(**self.spec["store"])),
            self.definitions,
            _local(model_deployment(**self.spec["model"]), self.refresh),
            self.definitions,
            golden_rows,
        )
        self.reconciler.update(manifests, retrain=retrain)

    def annotate_model(self, refresh: str) -> None:
        """Edit the manifest's annotation that trains the model again."""
        self.refresh = {names.REFRESH_ANNOTATION: refresh}
        self.change()

    def step(self) -> list[str]:
        """Look once; return what was started, such as `materialize credit_history`."""
        before = set(self.runner.calls)
        self.reconciled: Reconciled = self.reconciler.reconcile(self.serving)
        return [self.heard.names[name] for name in self.runner.calls if name not in before]

    def later(self, **duration: float) -> list[str]:
        """Let time pass, then look."""
        self.now += timedelta(**duration)
        before = set(self.runner.calls)
        self.jobs.advance({}, self.now)
        retried = [self.heard.names[name] for name in self.runner.calls if name not in before]
        return retried + self.step()

    def end(self, what: str, **changes: Any) -> list[str]:
        """End what runs of that kind well, with its usual results; look, as `step` does."""
        self.play_end(what, **changes)
        return self.step()

    def play_end(self, what: str, **changes: Any) -> None:
        """End what runs of that kind well, with its usual results; do not look."""
        lines = {}
        for name, job in self.running(what).items():
            end = {"end": self.now.isoformat()} if job == "materialize" else {}
            lines[name] = Ended(result(job, **(end | changes)).to_json())
        assert lines, f"no {what} runs: {self.runner.calls}"
        self._advance(lines)

    def fail(self, what: str, reason: str, message: str = "") -> list[str]:
        """Let what runs of that kind fail; look, as `step` does."""
        line = FailedResult(reason=reason, message=message).to_json()
        self._advance({name: Ended(line) for name in self.running(what)})
        return self.step()

    def play_fail(self, name: str, reason: str, message: str = "no") -> None:
        """Let an attempt of a Job fail; do not look."""
        line = FailedResult(reason=reason, message=message).to_json()
        self._advance({name: Ended(line)})

    def serve(self) -> None:
        """Play the server: what should serve does."""
        self.serving = Serving("1", "bento", "http://127.0.0.1:3000", 1, 1, 1, 1, is_complete=True)

    def running(self, what: str = "") -> dict[str, str]:
        """Return the names of the calls of that kind that run, with the Jobs' kinds."""
        return {
            name: call.job
            for name, call in self.runner.calls.items()
            if self.heard.names[name].startswith(what)
        }

    def until_served(self) -> LocalLife:
        """Play all Jobs until there is a model that serves."""
        self.step()
        while self.runner.calls:
            self.end("")
        assert self.reconciled.serve is not None
        self.serve()
        self.step()
        return self

    def condition(self, kind: str, of: str = "store") -> tuple[str, str]:
        """Return status and reason of a condition."""
        resource: Resource = self.reconciled.feature_store
        if of == "model":
            resource = self.reconciled.model_deployment
        found = next(each for each in resource.status.conditions if each.type == kind)
        return found.status.value, found.reason

    def _advance(self, ended: dict[str, Ended]) -> None:
        for name in ended:
            del self.runner.calls[name]
        self.jobs.advance(ended, self.now)


def _local(resource: Any, annotations: Mapping[str, str] = MappingProxyType({})) -> Any:
    """Return the resource as a manifest has it: no UID, no generation."""
    metadata = resource.metadata.model_copy(update={"uid": None, "generation": None})
    annotations = {names.LOCAL_DEFINITIONS: "features", **annotations}
    return resource.model_copy(
        update={"metadata": metadata.model_copy(update={"annotations": annotations})}
    )
