"""Write a window of one feature view to the online store.

The watermark moves only after every row is written. A run that dies before that leaves rows that
the next run writes again, and nothing else. The view's state in the registry is unchanged until
then, so that Feast keeps serving it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from feast.feature_view import DUMMY_ENTITY_ID

from hotplate.api.v1alpha1.materialization import LOCAL_ENGINE
from hotplate.jobs.errors import JobError
from hotplate.jobs.offline.engines import ViewWindow, write_by_engine
from hotplate.jobs.offline.pull import find_view, first_start, latest_rows, utc
from hotplate.jobs.offline.ray import RAY_ENGINE, write_by_ray
from hotplate.jobs.offline.row_writer import RowWriter, too_many_null_keys
from hotplate.jobs.registry.sql import join_intervals
from hotplate.jobs.repository import dropped, rewrites
from hotplate.jobs.repository.online_errors import online_error
from hotplate.jobs.repository.read_plan import view_plan
from hotplate.jobs.repository.refusals import transforms
from hotplate.jobs.repository.repo_config import connection
from hotplate.jobs.repository.rewrites import Stored
from hotplate.jobs.repository.session import change_registry, job_errors, open_store, registry_state
from hotplate.jobs.repository.views import applied_views
from hotplate.jobs.workspace import Window, Workspace
from hotplate.online.errors import OnlineStoreUnavailable
from hotplate.online.write.writer import TooManyNullKeysError, WriteOptions, WriteResult
from hotplate.protocol.job_results import MaterializeResult

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Written:
    """What the writer did, None for an engine that does not count, and what the pull counted."""

    result: WriteResult | None
    in_source: int | None = None
    null_keys_pulled: int = 0
    ahead_in_source: int = 0

    @property
    def rows(self) -> int | None:
        """The rows that are in the online store, unless it has newer ones."""
        return None if self.result is None else self.result.written + self.result.skipped

    @property
    def newest(self) -> datetime | None:
        """The latest event time of the rows."""
        return self.result.newest if self.result else None

    @property
    def null_keys(self) -> int:
        """The rows without a join key."""
        return self.null_keys_pulled + (self.result.null_keys if self.result else 0)

    @property
    def ahead(self) -> int:
        """The rows too far ahead of now."""
        return self.ahead_in_source + (self.result.ahead if self.result else 0)


def run(workspace: Workspace, view_name: str, window: Window | None = None) -> MaterializeResult:
    """Write each entity's latest row of the window to the online store.

    Raises:
        JobError: ViewUnknown, WindowInvalid, OfflineStoreFailed, RowsInvalid, TooManyNullKeys, or a
            store does not answer.

    """
    started = time.monotonic()
    store = open_store(workspace)
    view = _materializable(store, view_name)
    window = window or Window()
    with job_errors(workspace):
        rewrite = window == Window() and view_name in rewrites.recorded(workspace)
    overlap = None if rewrite else workspace.feature_store.spec.materialization.reads_behind
    start, end = bounds(view, window, datetime.now(UTC), overlap)
    logger.info("%s: %s to %s", view_name, start.isoformat(), end.isoformat())
    with job_errors(workspace):
        written = _write(workspace, ViewWindow(store, view, start, end))
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
        rows=written.rows,
        newest_event_time=written.newest,
        rows_in_source=written.in_source,
        null_keys=written.null_keys,
        rows_ahead=written.ahead,
        seconds=seconds,
        kept=kept,
        registry=registry,
    )


def _swept(workspace: Workspace, store: Any) -> tuple[str, ...] | None:
    """Delete online data that is not defined nor read any more, if it is known who reads."""
    if workspace.readers is None:
        return None
    return dropped.sweep(workspace, map(Stored.of, applied_views(store.registry, store.project)))


def bounds(
    view: Any, window: Window, now: datetime, overlap: timedelta | None
) -> tuple[datetime, datetime]:
    """Return start and end of the window: from the overlap before the watermark, up to now.

    The first window of a view, and that of a view to rewrite, for which the overlap is None, has
    all rows that are served.
    """
    end = min(utc(window.end), now) if window.end else now
    watermark = view.most_recent_end_time
    if window.start is not None:
        start = utc(window.start)
    elif watermark is not None and overlap is not None:
        start = min(utc(watermark) - overlap, end)
    else:
        start = first_start(view, now)
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
    if transforms(view):
        raise JobError(
            "ViewNotMaterializable",
            f"feature view {name} has a transformation, which a materialization does not run:"
            " compute the values in its data source",
        )
    return view


def _write(workspace: Workspace, window: ViewWindow) -> Written:
    """Write all rows by the engine; a view without entities has one row, written here."""
    engine = workspace.feature_store.spec.materialization.engine.type
    if engine == LOCAL_ENGINE or DUMMY_ENTITY_ID in window.view.join_keys:
        return _write_here(workspace, window)
    if engine == RAY_ENGINE:
        return Written(write_by_ray(workspace, window, _writer(workspace, window)))
    write_by_engine(workspace, window)
    return Written(None)


def _write_here(workspace: Workspace, window: ViewWindow) -> Written:
    view = window.view
    rows = latest_rows(window.store, view, window.start, window.end)
    if rows.null_keys > workspace.feature_store.spec.materialization.max_null_keys:
        raise too_many_null_keys(view.name, rows.null_keys)
    logger.info("%s: %d rows to write", view.name, rows.count)
    try:
        result = _writer(workspace, window).write_batches(rows.batches)
    except OnlineStoreUnavailable as error:
        raise online_error(
            f"feature view {view.name}, the next run writes the rest", error
        ) from error
    except TooManyNullKeysError as error:
        raise too_many_null_keys(view.name, error.args[0]) from error
    except ValueError as error:
        raise JobError("RowsInvalid", f"feature view {view.name}: {error}") from error
    logger.info("%s: %s", view.name, result)
    return Written(result, rows.in_source, rows.null_keys, rows.ahead)


def _writer(workspace: Workspace, window: ViewWindow) -> RowWriter:
    source = window.view.batch_source
    options = WriteOptions(
        timestamp_field=source.timestamp_field,
        key_ttl_seconds=window.store.config.online_store.key_ttl_seconds,
        max_null_keys=workspace.feature_store.spec.materialization.max_null_keys,
    )
    return RowWriter(
        connection(workspace),
        view_plan(window.view),
        workspace.project,
        options,
        dict(source.field_mapping or {}),
    )
