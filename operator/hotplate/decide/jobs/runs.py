"""The run of a Job: started when it is wanted, followed while it runs, kept when it has ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from hotplate.api import Resource
from hotplate.api.v1alpha1.feature_store_status import JobRun
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.jobs.specs import JobSpec, job_name, result_jobs
from hotplate.decide.jobs.stored_outcomes import with_parts
from hotplate.decide.jobs.waits import WAITS
from hotplate.decide.observed import JobState, Outcome
from hotplate.protocol.job_results import StoredResult

RUNNING = JobState.RUNNING.value
SUCCEEDED = JobState.SUCCEEDED.value
_LONGEST = 2048


_JOB_FAILED = "JobFailed"


class MadeFor(TypedDict):
    """The spec's generation and a hash of the named objects' versions, of when a Job was made."""

    observed_generation: int
    observed_references: str


@dataclass
class JobRuns:
    """The Jobs of one owner: as observed, to start, to delete, and those that have ended.

    No Job starts while `paused`, but the status still follows those that run. `references` are the
    versions of the Secrets and ConfigMaps that the owner names.
    """

    owner: Resource
    outcomes: Mapping[str, Outcome]
    paused: bool
    references: Mapping[str, str | None] = field(default_factory=dict)
    to_delete: dict[str, None] = field(default_factory=dict)
    to_start: dict[str, JobSpec] = field(default_factory=dict)
    ended: list[Outcome] = field(default_factory=list)

    def again(self) -> JobRuns:
        """Return the runs for another decision on the same outcomes: what to delete stays so."""
        return JobRuns(self.owner, self.outcomes, self.paused, self.references, self.to_delete)

    def follow(self, run: JobRun | None, job: str) -> tuple[JobRun | None, Outcome | None]:
        """Return a run of that Job as it is now, and its outcome when it has just succeeded.

        It does not matter whether the Job is still wanted: what it did has been done.
        """
        found = self.outcomes.get(run.job) if run is not None and is_running(run) else None
        if run is None or found is None:
            return run, None
        return self._seen(run, self._whole(job, found))

    def ensure(
        self, previous: JobRun | None, job_spec: JobSpec
    ) -> tuple[JobRun | None, Outcome | None]:
        """Return the run of the Job, and its outcome when it has just succeeded.

        A successful run is never repeated. A failed one is retried when its Job is deleted, or when
        the spec or a referenced object changes. So is one that cannot start. A Job that disappears
        before it finishes is recreated. A Job with other inputs waits for the previous one to
        finish, unless that one cannot start. If the same Job was done before the previous one, it
        is deleted and recreated.
        """
        name = job_name(self.owner, job_spec)
        if previous is not None and previous.job != name and self._must_wait(previous, name):
            return previous, None
        if previous is not None and previous.job == name and self._is_final(previous):
            return previous, None
        new = JobRun(
            job=name,
            inputs=job_spec.inputs,
            due=job_spec.due,
            result=RUNNING,
            **self._made_for_now(),
        )
        found = self.outcomes.get(name)
        if found is not None:
            is_known = previous is not None and previous.job == name and is_running(previous)
            run = previous if previous is not None and is_known else new
            return self._seen(run, self._whole(job_spec.name, found))
        if self.paused:
            return previous, None
        self.to_start[name] = job_spec
        return new, None

    def _seen(self, run: JobRun, outcome: Outcome) -> tuple[JobRun, Outcome | None]:
        """Return the run with the outcome of its Job, and the outcome where it has succeeded."""
        if outcome.state is not JobState.RUNNING:
            self.ended.append(outcome)
        return _with_outcome(run, outcome), outcome if outcome.state is JobState.SUCCEEDED else None

    def _whole(self, job: str, outcome: Outcome) -> Outcome:
        """Return the outcome with its whole result; until that is read, the Job counts as running.

        A Job of its own reads each part; it is started if it does not exist.
        """
        if not isinstance(outcome.result, StoredResult):
            return outcome
        job_specs = result_jobs(outcome.result, str(outcome.finished))
        parts = {job_name(self.owner, each): each for each in job_specs}
        if not self.paused:
            self.to_start |= {
                name: each for name, each in parts.items() if name not in self.outcomes
            }
        return with_parts(job, outcome, [self.outcomes.get(name) for name in parts])

    @property
    def has_active(self) -> bool:
        """Whether a Job is running. It has to be polled: a pod that does not start is no event."""
        is_running = any(each.state is JobState.RUNNING for each in self.outcomes.values())
        return is_running or bool(self.to_start)

    def is_under_way(self, run: JobRun | None) -> bool:
        """Whether the run's Job exists and makes progress."""
        outcome = self.outcomes.get(run.job) if run is not None else None
        return is_running(run) and outcome is not None and _is_moving(outcome)

    def is_stuck(self, run: JobRun) -> bool:
        """Whether the run's Job waits for something that a person has to mend, such as an image."""
        outcome = self.outcomes.get(run.job)
        return outcome is not None and outcome.state is JobState.RUNNING and not _is_moving(outcome)

    def _must_wait(self, previous: JobRun, name: str) -> bool:
        """Whether a Job has to end or to be deleted before the one of that name may start."""
        if self.is_under_way(previous):
            return True
        if self.is_stuck(previous):
            self.to_delete[previous.job] = None
        is_outdated = self._is_outdated(previous, self.outcomes.get(name))
        if is_outdated:
            self.to_delete[name] = None
        return is_outdated

    def _is_outdated(self, previous: JobRun, outcome: Outcome | None) -> bool:
        """Whether a Job had ended before the run after it, which may have undone its work.

        If the start of that run is unknown, the Job runs again.
        """
        if outcome is None or outcome.finished is None:
            return False
        its = self.outcomes.get(previous.job)
        began = previous.started_at or (its.started if its is not None else None)
        return began is None or outcome.finished <= began

    def _is_final(self, run: JobRun) -> bool:
        """Whether the run stays as it is; one that failed or is stuck may have to be deleted."""
        if run.result == SUCCEEDED:
            return True
        is_blocked = self.is_stuck(run) if is_running(run) else run.job in self.outcomes
        is_replaced = is_blocked and _made_for(run) != self._made_for_now()
        if is_replaced:
            self.to_delete[run.job] = None
        return is_replaced or (is_blocked and not is_running(run))

    def _made_for_now(self) -> MadeFor:
        """Return what a failure of a Job that is made now may be due to."""
        return {
            "observed_generation": self.owner.metadata.generation or 0,
            "observed_references": fingerprint(sorted(self.references.items())),
        }


def _made_for(run: JobRun) -> MadeFor:
    return {
        "observed_generation": run.observed_generation,
        "observed_references": run.observed_references,
    }


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


def setback(run: JobRun | None) -> tuple[str, str] | None:
    """Return reason and message of a run that failed or whose pod does not start, or None."""
    problem = failure(run)
    if run is not None and problem is not None:
        return run.result, problem
    if run is not None and is_running(run) and run.waits_for:
        return run.waits_for, f"Job {run.job} waits: {run.waits_for}: {run.message}"
    return None


def _is_moving(outcome: Outcome) -> bool:
    return outcome.state is JobState.RUNNING and outcome.reason not in WAITS


def _with_outcome(run: JobRun, outcome: Outcome) -> JobRun:
    """Return the run as status has it; its times come with its end, to write status once less."""
    runs_still = outcome.state is JobState.RUNNING
    times = {} if runs_still else {"started_at": outcome.started, "finished_at": outcome.finished}
    waits_for = outcome.reason if runs_still and outcome.reason in WAITS else None
    return run.model_copy(
        update={
            "result": _failure_reason(outcome) or outcome.state.value,
            "waits_for": waits_for,
            "message": _message(outcome)[:_LONGEST],
            **{key: time for key, time in times.items() if time is not None},
        }
    )


def _failure_reason(outcome: Outcome) -> str | None:
    """Return the reason of a failure, which is never a word for another state; None without one."""
    if outcome.state is not JobState.FAILED:
        return None
    return outcome.reason if outcome.reason not in (RUNNING, SUCCEEDED) else _JOB_FAILED


def _message(outcome: Outcome) -> str:
    """Return the message; empty while the Job makes progress, so that polls change no status."""
    return "" if _is_moving(outcome) else outcome.message
