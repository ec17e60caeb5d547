"""The run of a Job: started when it is wanted, followed while it runs, kept when it has ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hotplate.api import Resource
from hotplate.api.feature_store_status import JobRun
from hotplate.controller.desired.jobs import Work, job_name
from hotplate.controller.results import HINTS, JobState, Outcome

RUNNING = JobState.RUNNING.value
SUCCEEDED = JobState.SUCCEEDED.value
_LONGEST = 2048


@dataclass
class Runs:
    """The Jobs of one owner as observed, and the work to start in this reconcile.

    Nothing is started while `paused`, but what runs is followed.
    """

    owner: Resource
    outcomes: Mapping[str, Outcome]
    paused: bool
    started: list[Work] = field(default_factory=list)
    has_ended: bool = False

    def follow(
        self, previous: JobRun | None, work: Work, inputs: str
    ) -> tuple[JobRun | None, Outcome | None]:
        """Return the run of the work, and its outcome when it has just ended well.

        A run that succeeded is not repeated. One that failed is when its Job is deleted. A Job that
        is gone before it ended is made again.
        """
        name = job_name(self.owner, work)
        outcome = self.outcomes.get(name)
        if previous is not None and previous.job == name and _is_final(previous, outcome):
            return previous, None
        if outcome is not None:
            run = _run(name, inputs, outcome)
            self.has_ended |= outcome.state is not JobState.RUNNING
            return run, outcome if outcome.state is JobState.SUCCEEDED else None
        if self.paused:
            return previous, None
        self.started.append(work)
        return JobRun(job=name, inputs=inputs, result=RUNNING), None


def is_running(run: JobRun | None) -> bool:
    """Whether the run is under way."""
    return run is not None and run.result == RUNNING


def has_succeeded(run: JobRun | None, inputs: str) -> bool:
    """Whether the run was made from these inputs and ended well."""
    return run is not None and run.inputs == inputs and run.result == SUCCEEDED


def failure(run: JobRun | None) -> str | None:
    """Return why the run failed, or None when it did not."""
    if run is None or run.result in (RUNNING, SUCCEEDED):
        return None
    return (
        f"Job {run.job}: {run.result}: {run.message}"
        if run.message
        else f"Job {run.job}: {run.result}"
    )


def _is_final(run: JobRun, outcome: Outcome | None) -> bool:
    failed = run.result not in (RUNNING, SUCCEEDED)
    return run.result == SUCCEEDED or (failed and outcome is not None)


def _run(name: str, inputs: str, outcome: Outcome) -> JobRun:
    times = {"started_at": outcome.started, "finished_at": outcome.finished}
    return JobRun(
        job=name,
        inputs=inputs,
        result=outcome.reason if outcome.state is JobState.FAILED else outcome.state.value,
        message=_message(outcome)[:_LONGEST],
        **{key: time for key, time in times.items() if time is not None},
    )


def _message(outcome: Outcome) -> str:
    """Return what there is to say; a Job that simply runs says nothing, or status would flutter."""
    if outcome.state is JobState.RUNNING:
        return f"{outcome.reason}: {outcome.message}" if outcome.reason in HINTS else ""
    return outcome.message
