"""Which views are due, which chunks of backfills are next, and what their Jobs did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.feature_store import Backfill
from hotplate.api.v1alpha1.feature_store_status import (
    BackfillStatus,
    FeatureStoreStatus,
    ViewStatus,
)
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.job_runs import JobRuns, failure, is_running
from hotplate.decide.job_specs import materialize_job
from hotplate.decide.observed import Outcome
from hotplate.decide.schedule import ScheduleError, last_due, next_due, not_before
from hotplate.protocol.job_results import ApplyResult, MaterializeResult

Window = tuple[datetime, datetime]


def with_views(
    store: FeatureStore, status: FeatureStoreStatus, outcome: Outcome
) -> FeatureStoreStatus:
    """Return the status with the views that an apply left: the spec's, or all of the registry."""
    known = {view.name: view for view in status.views}
    wanted = [view.name for view in store.spec.materialization.views] or outcome.of(
        ApplyResult
    ).views
    views = tuple(known.get(name) or ViewStatus(name=name) for name in wanted)
    return status.model_copy(update={"views": views})


def with_materializations(
    store: FeatureStore, status: FeatureStoreStatus, runs: JobRuns, now: datetime
) -> tuple[FeatureStoreStatus, datetime | None]:
    """Return the status with the views' runs followed and started, and when to look again."""
    if status.revision is None:
        return status, None
    views = _with_runs(store, status, runs, now)
    watermarks = [view.watermark for view in views if view.watermark is not None]
    views = tuple(_with_freshness(store, view, now) for view in views)
    fresh = sum(view.watermark is not None and view.fresh is not False for view in views)
    status = status.model_copy(
        update={
            "views": views,
            "fresh_views": f"{fresh}/{len(views)}",
            "oldest_watermark": min(watermarks, default=None),
            "backfills": tuple(_with_backfills(store, views, status, runs)),
        }
    )
    return status, _requeue_at(store, status, now)


def _due(store: FeatureStore, status: FeatureStoreStatus, now: datetime) -> datetime:
    """Return the time for which every view should have a run: the last due one, or the apply."""
    spec = store.spec.materialization
    applied_at = status.revision.applied_at if status.revision else now
    if spec.schedule is None:
        return applied_at
    try:
        return max(applied_at, last_due(spec.schedule, spec.time_zone, now))
    except ScheduleError:
        return applied_at


def _with_runs(
    store: FeatureStore, status: FeatureStoreStatus, runs: JobRuns, now: datetime
) -> tuple[ViewStatus, ...]:
    """Return the views with their runs; no view has two, and no more run than may at one time."""
    due = _due(store, status, now)
    free = store.spec.materialization.parallelism
    followed = {}
    for view in sorted(status.views, key=_urgency):
        inputs = _inputs(view, runs, due, now)
        may_start = is_running(view.last_run) or free > 0
        followed[view.name] = _followed(store, view, runs, inputs) if may_start else view
        free -= is_running(followed[view.name].last_run)
    return tuple(followed[view.name] for view in status.views)


def _urgency(view: ViewStatus) -> tuple[bool, str]:
    """Return the sort key: running first, then never materialized, then the oldest."""
    return not is_running(view.last_run), view.watermark.isoformat() if view.watermark else ""


def _inputs(view: ViewStatus, runs: JobRuns, due: datetime, now: datetime) -> str:
    """Return what the view's run is made from: until one has ended, that is its own."""
    run = view.last_run
    if run is None:
        return due.isoformat()
    if is_running(run) and not runs.is_stuck(run):
        return run.inputs
    return not_before(datetime.fromisoformat(run.inputs), due, now).isoformat()


def _followed(store: FeatureStore, view: ViewStatus, runs: JobRuns, inputs: str) -> ViewStatus:
    job_spec = materialize_job(store, view.name, inputs, None)
    run, outcome = runs.ensure(view.last_run, job_spec, inputs)
    changes: dict[str, object] = {"last_run": run}
    if outcome is not None:
        result = outcome.of(MaterializeResult)
        changes |= {"watermark": result.end, "rows": result.rows}
    return view.model_copy(update=changes)


def _with_freshness(store: FeatureStore, view: ViewStatus, now: datetime) -> ViewStatus:
    promises = {each.name: each.max_staleness for each in store.spec.materialization.views}
    promise = promises.get(view.name)
    if promise is None:
        return view.model_copy(update={"fresh": None})
    fresh = view.watermark is not None and now - view.watermark <= promise
    return view.model_copy(update={"fresh": fresh})


def _requeue_at(store: FeatureStore, status: FeatureStoreStatus, now: datetime) -> datetime | None:
    """Return when something falls due without an event: a run, or the end of a promise."""
    spec = store.spec.materialization
    times = [
        view.watermark + promised.max_staleness
        for view in status.views
        for promised in spec.views
        if view.name == promised.name and promised.max_staleness and view.watermark and view.fresh
    ]
    if spec.schedule is not None and not store.spec.suspend:
        try:
            times.append(next_due(spec.schedule, spec.time_zone, now))
        except ScheduleError:
            return min(times, default=None)
    return min(times, default=None)


def _with_backfills(
    store: FeatureStore, views: tuple[ViewStatus, ...], status: FeatureStoreStatus, runs: JobRuns
) -> Iterator[BackfillStatus]:
    """Yield the backfills; one chunk at a time, and none before every view has a watermark."""
    known = {backfill.name: backfill for backfill in status.backfills}
    may_run = all(view.watermark is not None for view in views)
    for backfill in store.spec.backfills:
        chunks = list(_chunks(backfill, [view.name for view in views]))
        before = known.get(backfill.name) or BackfillStatus(
            name=backfill.name, done=0, total=len(chunks)
        )
        if before.done >= len(chunks) or not may_run:
            yield before
            continue
        may_run = False
        yield _next_chunk(store, before, chunks[before.done], runs)


def _next_chunk(
    store: FeatureStore, before: BackfillStatus, chunk: tuple[str, Window], runs: JobRuns
) -> BackfillStatus:
    view, window = chunk
    inputs = fingerprint(before.name, window)
    job_spec = materialize_job(store, view, inputs, window)
    run, outcome = runs.ensure(before.last_run, job_spec, inputs)
    done = before.done + (outcome is not None)
    update = {"done": done, "last_run": run, "message": failure(run) or ""}
    return before.model_copy(update=update)


def _chunks(backfill: Backfill, views: list[str]) -> Iterator[tuple[str, Window]]:
    """Yield each view's part of the backfill's window, oldest first."""
    for view in backfill.views or views:
        start = backfill.start
        while start < backfill.end:
            end = min(start + backfill.chunk, backfill.end)
            yield view, (start, end)
            start = end
