"""Write a window of one feature view to the online store.

The watermark moves only after every row is written. A run that dies before that leaves rows that
the next run writes again, and nothing else. The view's state in the registry is unchanged until
then, so that Feast keeps serving it.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import Any

from feast.feature_view import DUMMY_ENTITY_ID
from feast.utils import _convert_arrow_to_proto

from hotplate.api.v1alpha1.feature_store import LOCAL_ENGINE
from hotplate.jobs.errors import JobError
from hotplate.jobs.offline.engines import ViewWindow, write_by_engine
from hotplate.jobs.offline.pull import find_view, latest_rows, lookback, pull_latest, utc
from hotplate.jobs.offline.ray import RAY_ENGINE, write_by_ray
from hotplate.jobs.offline.row_writer import RowWriter
from hotplate.jobs.registry.sql import join_intervals
from hotplate.jobs.repository import dropped, rewrites
from hotplate.jobs.repository.online_errors import online_error
from hotplate.jobs.repository.read_plan import view_plan
from hotplate.jobs.repository.repo_config import WRITE_BATCH, connection
from hotplate.jobs.repository.rewrites import Stored, feature_views
from hotplate.jobs.repository.session import change_registry, job_errors, open_store, registry_state
from hotplate.jobs.workspace import Window, Workspace
from hotplate.online.errors import OnlineStoreUnavailable
from hotplate.online.write.writer import WriteOptions, write
from hotplate.protocol.job_results import MaterializeResult

logger = logging.getLogger(__name__)


def run(workspace: Workspace, view_name: str, window: Window | None = None) -> MaterializeResult:
    """Write each entity's latest row of the window to the online store.

    Raises:
        JobError: ViewUnknown, WindowInvalid, OfflineStoreFailed, or a store does not answer.

    """
    started = time.monotonic()
    store = open_store(workspace)
    view = _materializable(store, view_name)
    window = window or Window()
    with job_errors(workspace):
        rewrite = window == Window() and view_name in rewrites.recorded(workspace)
    start, end = bounds(view, window, datetime.now(UTC), rewrite=rewrite)
    logger.info("%s: %s to %s", view_name, start.isoformat(), end.isoformat())
    view_window = ViewWindow(store, view, start, end, rewrite)
    with job_errors(workspace):
        rows = _write(workspace, view_window)
        change_registry(store, lambda: _move_watermark(store, view, (start, end)))
        if rewrite:
            rewrites.finish(workspace, view_name)
        registry = registry_state(store)
        kept = _swept(workspace, store)
    seconds = round(time.monotonic() - started, 3)
    return MaterializeResult(
        view=view_name,
        start=start,
        end=end,
        rows=rows,
        seconds=seconds,
        kept=kept,
        registry=registry,
    )


def _swept(workspace: Workspace, store: Any) -> tuple[str, ...] | None:
    """Delete online data that is not defined nor read any more, if it is known who reads."""
    if workspace.readers is None:
        return None
    return dropped.sweep(workspace, map(Stored.of, feature_views(store)))


def bounds(
    view: Any, window: Window, now: datetime, *, rewrite: bool = False
) -> tuple[datetime, datetime]:
    """Return start and end of the window: from the watermark, or the view's ttl ago, to now.

    A view to rewrite starts its ttl ago, whatever its watermark.
    """
    end = min(utc(window.end), now) if window.end else now
    watermark = view.most_recent_end_time
    if window.start is not None:
        start = utc(window.start)
    elif watermark is not None and not rewrite:
        start = utc(watermark)
    else:
        start = now - lookback(view)
    if start > end:
        raise JobError(
            "WindowInvalid",
            f"feature view {view.name}: the window {start.isoformat()} to {end.isoformat()} ends "
            "before it starts: correct start or end",
        )
    return start, end


def _move_watermark(store: Any, view: Any, window: tuple[datetime, datetime]) -> None:
    store.registry.apply_materialization(view, store.project, *window)
    if store.config.registry.registry_type == "sql":
        join_intervals(store.registry, view, store.project)


def _materializable(store: Any, name: str) -> Any:
    view = find_view(store, name)
    if not view.online or view.batch_source is None:
        raise JobError(
            "ViewNotMaterializable",
            f"feature view {name} has online=False or no batch source: set both to materialize it",
        )
    return view


def _write(workspace: Workspace, window: ViewWindow) -> int | None:
    """Write all rows by the engine; return how many, or None if the engine does not count them.

    A view without entities has one row, which Feast writes in this process.
    """
    engine = workspace.feature_store.spec.materialization.engine.type
    if DUMMY_ENTITY_ID in window.view.join_keys:
        return _write_by_feast(window)
    if engine == LOCAL_ENGINE:
        return _write_here(workspace, window)
    if engine == RAY_ENGINE:
        writer = RowWriter(
            connection(workspace),
            view_plan(window.view),
            workspace.project,
            _options(window),
            dict(window.view.batch_source.field_mapping or {}),
        )
        return write_by_ray(workspace, window, writer)
    write_by_engine(workspace, window)
    return None


def _write_here(workspace: Workspace, window: ViewWindow) -> int:
    view = window.view
    rows = latest_rows(window.store, view, window.start, window.end)
    logger.info("%s: %d rows to write", view.name, rows.count)
    online = connection(workspace)
    try:
        result = write(online, view_plan(view), workspace.project, rows.batches, _options(window))
    except OnlineStoreUnavailable as error:
        raise online_error(
            f"feature view {view.name}, the next run writes the rest", error
        ) from error
    except ValueError as error:
        raise JobError("RowsInvalid", f"feature view {view.name}: {error}") from error
    logger.info("%s: %d rows written, %d skipped", view.name, result.written, result.skipped)
    return rows.count


def _options(window: ViewWindow) -> WriteOptions:
    return WriteOptions(
        timestamp_field=window.view.batch_source.timestamp_field,
        key_ttl_seconds=window.store.config.online_store.key_ttl_seconds,
        skip_dedup=window.rewrite,
    )


def _write_by_feast(window: ViewWindow) -> int:
    store, view = window.store, window.view
    table = pull_latest(store, view, window.start, window.end)
    join_keys = {field.name: field.dtype.to_value_type() for field in view.entity_columns}
    for batch in table.combine_chunks().to_batches(max_chunksize=WRITE_BATCH):
        rows = _convert_arrow_to_proto(batch, view, join_keys)
        store.provider.online_write_batch(store.config, view, rows, None)
        logger.info("%s: %d rows written", view.name, batch.num_rows)
    return int(table.num_rows)
