"""Which chunk of which backfill is next, and how many are done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.feature_store_status import (
    BackfillStatus,
    FeatureStoreStatus,
    ViewProgress,
)
from hotplate.api.v1alpha1.materialization import Backfill
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.jobs.runs import JobRuns, failure
from hotplate.decide.jobs.specs import backfill_job

Chunk = tuple[str, tuple[datetime, datetime]]


def with_backfills(
    store: FeatureStore,
    views: tuple[ViewProgress, ...],
    status: FeatureStoreStatus,
    runs: JobRuns,
) -> Iterator[BackfillStatus]:
    """Yield the backfills; chunks run one at a time, and only once every view has a watermark."""
    known = {backfill.name: backfill for backfill in status.backfills}
    names = tuple(view.name for view in views)
    applied = (status.revision.views if status.revision is not None else ()) or names
    may_run = all(view.watermark is not None for view in views)
    for backfill in store.spec.backfills:
        before = _begun(backfill, known.get(backfill.name), names)
        chunks = list(_chunks(backfill, before.views))
        before = _without_gone(before, chunks, applied)
        if before.done >= len(chunks) or not may_run:
            yield before
            continue
        may_run = False
        yield _with_chunk(store, before, chunks[before.done], runs)


def _begun(
    backfill: Backfill, before: BackfillStatus | None, views: tuple[str, ...]
) -> BackfillStatus:
    """Return how far the backfill is; an edited one starts over.

    It keeps the views of its start, so that a view that comes or goes moves no chunk.
    """
    inputs = fingerprint(backfill.model_dump(mode="json"))
    if before is not None and before.inputs == inputs:
        return before
    covered = backfill.views or views
    total = sum(1 for _ in _chunks(backfill, covered))
    return BackfillStatus(name=backfill.name, inputs=inputs, views=covered, done=0, total=total)


def _without_gone(
    before: BackfillStatus, chunks: list[Chunk], views: tuple[str, ...]
) -> BackfillStatus:
    """Return the backfill past the chunks whose view is no longer applied."""
    done = before.done
    while done < len(chunks) and chunks[done][0] not in views:
        done += 1
    return before.model_copy(update={"done": done})


def _with_chunk(
    store: FeatureStore, before: BackfillStatus, chunk: Chunk, runs: JobRuns
) -> BackfillStatus:
    view, window = chunk
    inputs = fingerprint(before.name, before.inputs, window)
    run, outcome = runs.ensure(before.last_run, backfill_job(store, view, window, inputs))
    done = before.done + (outcome is not None)
    update = {"done": done, "last_run": run, "message": failure(run) or ""}
    return before.model_copy(update=update)


def _chunks(backfill: Backfill, views: tuple[str, ...]) -> Iterator[Chunk]:
    """Yield the views' parts of the backfill's window, oldest first for each view."""
    for view in views:
        start = backfill.start
        while start < backfill.end:
            end = min(start + backfill.chunk, backfill.end)
            yield view, (start, end)
            start = end
