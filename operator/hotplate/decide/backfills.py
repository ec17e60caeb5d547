"""Which chunk of which backfill is next, and how many are done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.feature_store import Backfill
from hotplate.api.v1alpha1.feature_store_status import (
    BackfillStatus,
    FeatureStoreStatus,
    ViewProgress,
)
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.jobs.runs import JobRuns, failure
from hotplate.decide.jobs.specs import backfill_job

Window = tuple[datetime, datetime]


def with_backfills(
    store: FeatureStore,
    views: tuple[ViewProgress, ...],
    status: FeatureStoreStatus,
    runs: JobRuns,
) -> Iterator[BackfillStatus]:
    """Yield the backfills; chunks run one at a time, and only once every view has a watermark."""
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
        yield _with_chunk(store, before, chunks[before.done], runs)


def _with_chunk(
    store: FeatureStore, before: BackfillStatus, chunk: tuple[str, Window], runs: JobRuns
) -> BackfillStatus:
    view, window = chunk
    inputs = fingerprint(before.name, window)
    run, outcome = runs.ensure(before.last_run, backfill_job(store, view, window, inputs))
    done = before.done + (outcome is not None)
    update = {"done": done, "last_run": run, "message": failure(run) or ""}
    return before.model_copy(update=update)


def _chunks(backfill: Backfill, views: list[str]) -> Iterator[tuple[str, Window]]:
    """Yield the views' parts of the backfill's window, oldest first for each view."""
    for view in backfill.views or views:
        start = backfill.start
        while start < backfill.end:
            end = min(start + backfill.chunk, backfill.end)
            yield view, (start, end)
            start = end
