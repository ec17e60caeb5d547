"""Jobs on one machine as Kubernetes' Job controller runs them: retries, backoff and a deadline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from hotplate.api import Resource
from hotplate.decide.jobs.limits import limit_hint
from hotplate.decide.jobs.specs import JobSpec, job_name
from hotplate.decide.observed import JobState, Outcome
from hotplate.local.jobs.finished import FinishedJob, FinishedJobs
from hotplate.local.jobs.worker import Call, Ended
from hotplate.protocol.job_results import FailedResult

FIRST_BACKOFF = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(seconds=60)

_DEADLINE = "DeadlineExceeded"


class Runner(Protocol):
    """Runs calls of `hotplate job` side by side."""

    def start(self, name: str, call: Call) -> None:
        """Start a call."""

    def stop(self, name: str) -> None:
        """End a call that runs."""

    def wait(self, seconds: float) -> Mapping[str, Ended]:
        """Return the calls that ended, by name; wait for the first one, at most so long."""

    def rest(self) -> None:
        """Keep nothing for further calls."""


class Listener(Protocol):
    """Hears of the Jobs; used to print them."""

    def started(self, name: str, job_spec: JobSpec) -> None:
        """A Job begins."""

    def retried(self, name: str, attempt: int, failure: FailedResult) -> None:
        """An attempt failed, and another one follows."""

    def finished(self, name: str, outcome: Outcome) -> None:
        """A Job has ended for good."""

    def stopped(self, name: str) -> None:
        """A Job was deleted before it ended."""


@dataclass(frozen=True)
class RunningJob:
    """A Job under way; between two attempts `retry_at` is when the next one begins."""

    owner: str
    spec: JobSpec
    call: Call
    started: datetime
    attempt: int = 1
    retry_at: datetime | None = None

    @property
    def deadline(self) -> datetime:
        """When the Job is given up, whatever its attempts."""
        return self.started + self.spec.on_failure.deadline

    @property
    def next_at(self) -> datetime:
        """When time alone changes the Job."""
        return self.deadline if self.retry_at is None else min(self.retry_at, self.deadline)


class JobController:
    """Starts, retries and ends Jobs; those that have ended are files."""

    def __init__(self, runner: Runner, finished: FinishedJobs, listener: Listener) -> None:
        self._runner, self._finished, self._listener = runner, finished, listener
        self._running: dict[str, RunningJob] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no Job is under way."""
        return not self._running

    def outcomes(self, owner: Resource) -> dict[str, Outcome]:
        """Return how the owner's Jobs are doing, by their names."""
        ended = {job.name: job.outcome for job in self._finished.all() if job.owner == owner.kind}
        return ended | {
            name: Outcome(JobState.RUNNING, JobState.RUNNING.value, started=job.started)
            for name, job in self._running.items()
            if job.owner == owner.kind
        }

    def start(self, owner: Resource, job_spec: JobSpec, call: Call, now: datetime) -> None:
        """Create the Job that does the work."""
        name = job_name(owner, job_spec)
        self._finished.delete(name)
        self._running[name] = RunningJob(owner.kind, job_spec, call, now)
        self._listener.started(name, job_spec)
        self._runner.start(name, call)

    def delete(self, name: str) -> None:
        """Delete a Job, with the process that runs it."""
        self._finished.delete(name)
        job = self._running.pop(name, None)
        if job is not None:
            self._stop(name, job)
            self._listener.stopped(name)

    def advance(self, ended: Mapping[str, Ended], now: datetime) -> bool:
        """Record what has ended, and do what time alone brings: deadlines, retries, deletions.

        Return whether the outcome of any Job is another one now.
        """
        before, has_expired = set(self._running), self._finished.delete_expired(now)
        for name, end in ended.items():
            if name in self._running:
                self._ended(name, self._running[name], end, now)
        for name, job in list(self._running.items()):
            if job.deadline <= now:
                self._stop(name, job)
                self._fail(name, job, _out_of_time(job.spec), now)
            elif job.retry_at is not None and job.retry_at <= now:
                self._running[name] = replace(job, attempt=job.attempt + 1, retry_at=None)
                self._runner.start(name, job.call)
        return has_expired or set(self._running) != before

    def next_at(self) -> datetime | None:
        """Return when time alone changes a Job next."""
        times = [job.next_at for job in self._running.values()]
        times += [job.expires for job in self._finished.all()]
        return min(times, default=None)

    def _ended(self, name: str, job: RunningJob, end: Ended, now: datetime) -> None:
        result = end.result(job.spec.name)
        if not isinstance(result, FailedResult):
            self._finish(name, job, Outcome(JobState.SUCCEEDED, "Succeeded", result=result), now)
        elif job.attempt > job.spec.on_failure.retries:
            self._fail(name, job, result, now)
        else:
            self._running[name] = replace(job, retry_at=now + _backoff(job.attempt))
            self._listener.retried(name, job.attempt, result)

    def _fail(self, name: str, job: RunningJob, failure: FailedResult, now: datetime) -> None:
        outcome = Outcome(JobState.FAILED, failure.reason, failure.message, failure)
        self._finish(name, job, outcome, now)

    def _finish(self, name: str, job: RunningJob, outcome: Outcome, now: datetime) -> None:
        del self._running[name]
        result = outcome.result
        kept = FinishedJob(
            name=name,
            owner=job.owner,
            job=job.spec.name,
            state=outcome.state,
            reason=outcome.reason,
            message=outcome.message,
            result=result.model_dump(mode="json", by_alias=True) if result else None,
            started=job.started,
            finished=now,
            kept_seconds=job.spec.kept_seconds,
        )
        self._finished.keep(kept)
        self._listener.finished(name, kept.outcome)

    def _stop(self, name: str, job: RunningJob) -> None:
        """End the process of a Job; between two attempts it has none."""
        if job.retry_at is None:
            self._runner.stop(name)


def _out_of_time(job_spec: JobSpec) -> FailedResult:
    """Return the failure of a Job that is given up at its deadline, in Kubernetes' words."""
    hint = limit_hint(_DEADLINE, job_spec.name)
    message = f"Job was active longer than specified deadline: {hint}"
    return FailedResult(reason=_DEADLINE, message=message)


def _backoff(attempt: int) -> timedelta:
    return min(FIRST_BACKOFF * float(2 ** (attempt - 1)), LONGEST_BACKOFF)
