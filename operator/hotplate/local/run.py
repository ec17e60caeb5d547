"""A run: reconcile, wait until a Job ends or something falls due, and reconcile again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hotplate.api import Resource
from hotplate.api.fields.times import Clock
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.conditions import Condition, ConditionType, Reason, condition_of
from hotplate.decide.conditions.transitions import is_self_resolving
from hotplate.decide.observed import Outcome, Serving
from hotplate.local.errors import LocalError
from hotplate.local.jobs.controller import JobController, Runner
from hotplate.local.jobs.finished import FinishedJobs
from hotplate.local.reconciler import Reconciled, Reconciler, Target
from hotplate.protocol.job_results import FailedResult
from hotplate.protocol.results import Result

LONGEST_WAIT = 1.0
"""Seconds between two looks at what sends no event: the bento's process, and the manifests."""

HINTS = {
    "ContractMismatch": " with `hotplate up --retrain`",
    "ModelCorrupt": " with `hotplate up --retrain`",
    "ServedDiffers": "; `hotplate up --fresh` starts over",
    Reason.REFERENCE_MISSING: f"; here it is the file that {names.LOCAL_GOLDEN_ROWS} names",
}
"""What neither a Job nor a decision knows: how a local run does what its message asks for."""

_SERVABLE = frozenset(
    {Reason.SUSPENDED, Reason.RUN_LATE, Reason.SOURCE_SILENT, Reason.NO_ROWS_IN_WINDOW}
)
"""Why a resource may not be ready, and what there is of it serves all the same."""


@dataclass(frozen=True)
class Prepared:
    """The resources once no Job is under way, what to serve, and what a person should know."""

    reconciled: Reconciled
    target: Target
    notices: tuple[str, ...]


class Server(Protocol):
    """Serves one model at a time."""

    def serve(self, target: Target) -> None:
        """Serve the target, unless it serves that already."""

    def observed(self) -> Serving | None:
        """Return what serves now."""

    def check(self) -> None:
        """Raise `LocalError` when it has ended by itself."""


class Run:
    """The loop of a local run over its resources, Jobs and server."""

    def __init__(
        self, reconciler: Reconciler, jobs: JobController, runner: Runner, clock: Clock
    ) -> None:
        self._reconciler, self._jobs, self._runner, self._clock = reconciler, jobs, runner, clock
        self._shown: Sequence[str] = ()

    def prepare(self, failed: Callable[[], LocalError | None]) -> Prepared:
        """Reconcile until no Job is under way; return what to serve with.

        Raises:
            LocalError: a Job failed, or a resource needs a person; with the reason and what to do.
        """
        reconciled = self._reconciler.reconcile(None)
        while not self._jobs.is_idle:
            self._wait(reconciled.requeue_at)
            reconciled = self._reconciler.reconcile(None)
            if (error := failed()) is not None:
                raise error
        self._runner.rest()
        found = prepared(reconciled)
        self._shown = found.notices
        return found

    def serve(
        self, server: Server, changed: Callable[[], bool], say: Callable[[str], None]
    ) -> None:
        """Reconcile for as long as the server serves, and let it serve each new model.

        Raises:
            LocalError: the server ended by itself.
        """
        while True:
            reconciled = self._reconciler.reconcile(server.observed())
            self._show_new(problems(reconciled), say)
            if reconciled.serve is not None:
                server.serve(reconciled.serve)
            if self._jobs.is_idle:
                self._runner.rest()
            has_ended = False
            while not has_ended and not self._is_due(reconciled.requeue_at) and not changed():
                server.check()
                has_ended = self._wait(reconciled.requeue_at)

    def _show_new(self, lines: Sequence[str], say: Callable[[str], None]) -> None:
        """Print the lines that were not true before."""
        for line in lines:
            if line not in self._shown:
                say(line)
        self._shown = lines

    def _wait(self, requeue_at: datetime | None) -> bool:
        """Wait a little for a Job to end; return whether one did, or was changed by time."""
        times = [time for time in (requeue_at, self._jobs.next_at()) if time is not None]
        seconds = min([LONGEST_WAIT, *((time - self._clock()).total_seconds() for time in times)])
        ended = self._runner.wait(max(seconds, 0.05))
        return self._jobs.advance(ended, self._clock())

    def _is_due(self, requeue_at: datetime | None) -> bool:
        return requeue_at is not None and requeue_at <= self._clock()


def failure(finished: FinishedJobs) -> LocalError | None:
    """Return the error of the Job that failed last, or None."""
    failed = finished.failed()
    return LocalError(explained(failed[0].outcome)) if failed else None


def explained(failed: Outcome | Result | None) -> str:
    """Return reason and message of a failure, and how a local run does what they ask for."""
    if not isinstance(failed, Outcome | FailedResult):
        raise TypeError(f"{failed!r} is no failure")
    return _explained(failed)


def prepared(reconciled: Reconciled) -> Prepared:
    """Return what to serve with, and why a resource is not ready that is served all the same.

    Raises:
        LocalError: a resource needs a person before it can be served, or there is no model.
    """
    lines = _lines(_not_ready(reconciled))
    is_servable = all(ready.reason in _SERVABLE for ready in _not_ready(reconciled).values())
    if reconciled.serve is None or not is_servable:
        raise LocalError("\n".join(lines) or "there is no model to serve")
    return Prepared(reconciled, reconciled.serve, tuple(lines))


def problems(reconciled: Reconciled) -> list[str]:
    """Return why a resource is not ready that does not become so by itself."""
    not_ready = _not_ready(reconciled)
    lasting = {
        name: ready
        for name, ready in not_ready.items()
        if ready.reason in _SERVABLE or not is_self_resolving(ready.reason)
    }
    return _lines(lasting)


def _not_ready(reconciled: Reconciled) -> dict[str, Condition]:
    """Return why each resource is not ready; that nothing serves yet is no reason."""
    resources = (reconciled.feature_store, reconciled.model_deployment)
    found = {
        _shown(each): condition_of(each.status.conditions, ConditionType.READY)
        for each in resources
    }
    return {
        name: ready
        for name, ready in found.items()
        if ready is not None and not ready.holds and ready.reason != Reason.PENDING
    }


def _lines(conditions: Mapping[str, Condition]) -> list[str]:
    return [f"{name}: {_explained(each)}" for name, each in conditions.items()]


def _explained(found: Outcome | FailedResult | Condition) -> str:
    return f"{found.reason}: {found.message}{HINTS.get(found.reason, '')}"


def _shown(resource: Resource) -> str:
    return f"{resource.kind} {resource.metadata.name}"
