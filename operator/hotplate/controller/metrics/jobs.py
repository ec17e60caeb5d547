"""Metrics of Jobs: each is counted once, when a status first reports that it has ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram

from hotplate.api import ResourceStatus
from hotplate.api.v1alpha1.feature_store_status import JobRun
from hotplate.api.v1alpha1.model_deployment_status import ModelDeploymentStatus
from hotplate.decide.jobs.runs import is_running

_BUCKETS = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600)


@dataclass(frozen=True)
class EndedRun:
    """A Job's end: its kind, Succeeded or why it failed, and its seconds if it started."""

    job: str
    result: str
    seconds: float | None


class JobMetrics:
    """Counts Jobs by result, and measures their time."""

    def __init__(self, registry: CollectorRegistry) -> None:
        name, text = "hotplate_jobs", "Jobs that ended; result is Succeeded or why it failed"
        self._jobs = Counter(name, text, ["job", "result"], registry=registry)
        name, text = "hotplate_job_seconds", "Time of a Job, all its pods together"
        self._seconds = Histogram(name, text, ["job"], buckets=_BUCKETS, registry=registry)

    def record(self, before: ResourceStatus, after: ResourceStatus) -> None:
        """Count the Jobs that ended between two statuses of a resource."""
        for run in ended_runs(before, after):
            self._jobs.labels(run.job, run.result).inc()
            if run.seconds is not None:
                self._seconds.labels(run.job).observe(run.seconds)


def ended_runs(before: ResourceStatus, after: ResourceStatus) -> list[EndedRun]:
    """Return the runs that have ended in one status and had not in the one before."""
    known = {run.job for _, run in _runs(before) if not is_running(run)}
    return [
        EndedRun(job, run.result, _seconds(run))
        for job, run in _runs(after)
        if not is_running(run) and run.job not in known
    ]


def _runs(status: ResourceStatus) -> Iterator[tuple[str, JobRun]]:
    if isinstance(status, ModelDeploymentStatus):
        runs = [("train", status.training.run if status.training is not None else None)]
    else:
        runs = [("plan", status.plan_run), ("apply", status.apply_run)]
        runs += [("preflight", status.preflight_run), ("teardown", status.teardown_run)]
        runs += [("resolve", status.resolve_run)]
        runs += [("materialize", view.last_run) for view in status.views]
        runs += [("backfill", backfill.last_run) for backfill in status.backfills]
    return ((job, run) for job, run in runs if run is not None)


def _seconds(run: JobRun) -> float | None:
    if run.started_at is None or run.finished_at is None:
        return None
    return (run.finished_at - run.started_at).total_seconds()
