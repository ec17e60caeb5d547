"""Which Jobs' ends a status tells for the first time, so that each is counted once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus, JobRun
from hotplate.api.v1alpha1.model_deployment_status import ModelDeploymentStatus
from hotplate.decide.job_runs import is_running

Status = FeatureStoreStatus | ModelDeploymentStatus


@dataclass(frozen=True)
class EndedRun:
    """A Job's end: its kind, Succeeded or why it failed, and its seconds if it ever began."""

    job: str
    result: str
    seconds: float | None


def ended_runs(before: Status, after: Status) -> list[EndedRun]:
    """Return the runs that have ended in one status and had not in the one before."""
    told = {run.job for _, run in _runs(before) if not is_running(run)}
    return [
        EndedRun(job, run.result, _seconds(run))
        for job, run in _runs(after)
        if not is_running(run) and run.job not in told
    ]


def _runs(status: Status) -> Iterator[tuple[str, JobRun]]:
    if isinstance(status, ModelDeploymentStatus):
        runs = [("train", status.training.run if status.training is not None else None)]
    else:
        runs = [("plan", status.plan_run), ("apply", status.apply_run)]
        runs += [("preflight", status.preflight_run), ("teardown", status.teardown_run)]
        runs += [("materialize", view.last_run) for view in status.views]
        runs += [("backfill", backfill.last_run) for backfill in status.backfills]
    return ((job, run) for job, run in runs if run is not None)


def _seconds(run: JobRun) -> float | None:
    if run.started_at is None or run.finished_at is None:
        return None
    return (run.finished_at - run.started_at).total_seconds()
