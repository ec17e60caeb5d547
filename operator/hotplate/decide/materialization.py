"""Which feature views are due, and how far their Jobs have come."""

from __future__ import annotations

from datetime import datetime

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.feature_store_plan import AppliedRevision
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus, ViewProgress
from hotplate.decide.backfills import with_backfills
from hotplate.decide.freshness import next_staleness, with_freshness
from hotplate.decide.jobs.runs import JobRuns, is_running
from hotplate.decide.jobs.specs import JobSpec, materialize_job
from hotplate.decide.observed import FeatureStoreObserved, Outcome
from hotplate.decide.schedule import ScheduleError, last_due, next_due, not_before
from hotplate.protocol.job_results import MaterializeResult


def with_materializations(
    store: FeatureStore, status: FeatureStoreStatus, runs: JobRuns, observed: FeatureStoreObserved
) -> tuple[FeatureStoreStatus, datetime | None]:
    """Return the status with the progress of views and backfills, and when to requeue."""
    now = observed.now
    if status.revision is None:
        return status, None
    status = status.model_copy(update={"views": _views(store, status, status.revision)})
    views = with_freshness(store, _with_runs(store, status, runs, observed), now)
    watermarks = [view.watermark for view in views if view.watermark is not None]
    fresh = sum(view.watermark is not None and view.fresh is not False for view in views)
    status = status.model_copy(
        update={
            "views": views,
            "fresh_views": f"{fresh}/{len(views)}",
            "oldest_watermark": min(watermarks, default=None),
            "overlap": store.spec.materialization.reads_behind,
            "backfills": tuple(with_backfills(store, views, status, runs)),
        }
    )
    times = (next_staleness(store, views, now), _next_run(store, now))
    return status, min((time for time in times if time is not None), default=None)


def _views(
    store: FeatureStore, status: FeatureStoreStatus, revision: AppliedRevision
) -> tuple[ViewProgress, ...]:
    """Return the views that the spec lists, or else all that are applied, each as far as it is.

    The revision of an older release does not list its views; those that are known then stay.
    """
    known = {view.name: view for view in status.views}
    listed = [view.name for view in store.spec.materialization.views]
    wanted = listed or revision.views or known
    return tuple(known.get(name) or ViewProgress(name=name) for name in wanted)


def _with_runs(
    store: FeatureStore, status: FeatureStoreStatus, runs: JobRuns, observed: FeatureStoreObserved
) -> tuple[ViewProgress, ...]:
    """Return the views with their runs: one for each view, at most `parallelism` at a time.

    While online data is kept that is no longer defined, each run deletes what nobody reads.
    """
    now, readers = observed.now, observed.readers if status.kept else None
    due = _last_due(store, status, now)
    free = store.spec.materialization.parallelism
    progressed = {}
    for view in sorted(status.views, key=_urgency):
        if is_running(view.last_run) or free > 0:
            when = _due_of(view, runs, due, now)
            job_spec = materialize_job(store, view.name, when, readers)
            view = _with_run(view, runs, job_spec)  # noqa: PLW2901
        progressed[view.name] = view
        free -= is_running(view.last_run)
    return tuple(progressed[view.name] for view in status.views)


def _urgency(view: ViewProgress) -> tuple[bool, str]:
    """Return the sort key: running first, then never materialized, then the oldest watermark."""
    return not is_running(view.last_run), view.watermark.isoformat() if view.watermark else ""


def _last_due(store: FeatureStore, status: FeatureStoreStatus, now: datetime) -> datetime:
    """Return the time for which every view should have a run: the last due time or the apply."""
    spec = store.spec.materialization
    applied_at = status.revision.applied_at if status.revision else now
    if spec.schedule is None:
        return applied_at
    try:
        return max(applied_at, last_due(spec.schedule, spec.time_zone, now))
    except ScheduleError:
        return applied_at


def _due_of(view: ViewProgress, runs: JobRuns, due: datetime, now: datetime) -> datetime:
    """Return the time for which the view's run is due; a run keeps its own until it has ended."""
    run = view.last_run
    if run is None or run.due is None:
        return due
    if is_running(run) and not runs.is_stuck(run):
        return run.due
    return not_before(run.due, due, now)


def _with_run(view: ViewProgress, runs: JobRuns, job_spec: JobSpec) -> ViewProgress:
    run, outcome = runs.ensure(view.last_run, job_spec)
    changes: dict[str, object] = {"last_run": run}
    if outcome is not None:
        changes |= _written(view, outcome)
    return view.model_copy(update=changes)


def _written(view: ViewProgress, outcome: Outcome) -> dict[str, object]:
    """Return what a run that has succeeded changes of its view."""
    result, counted = outcome.of(MaterializeResult), view.counted
    if counted is not None:
        counted = counted.model_copy(update={"rows": counted.rows + (result.rows or 0)})
    times = (view.newest_event_time, result.newest_event_time)
    return {
        "watermark": result.end,
        "rows": result.rows,
        "newest_event_time": max((time for time in times if time is not None), default=None),
        "last_success": outcome.finished,
        "null_keys": result.null_keys or None,
        "rows_ahead": result.rows_ahead or None,
        "source_rows": result.rows_in_source if result.rows == 0 else None,
        "counted": counted,
    }


def _next_run(store: FeatureStore, now: datetime) -> datetime | None:
    """Return when the schedule is due next; None without one, or while it is suspended."""
    spec = store.spec.materialization
    if spec.schedule is None or store.spec.suspend:
        return None
    try:
        return next_due(spec.schedule, spec.time_zone, now)
    except ScheduleError:
        return None
