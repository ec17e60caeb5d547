"""One feature view's window into the online store.

The watermark moves only after every row is written: a run that dies on the way leaves rows that
the next run writes again, and nothing else. The view's state in the registry is not touched before
that, so that Feast keeps serving it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from feast.feature_view import DUMMY_ENTITY_ID
from feast.utils import _convert_arrow_to_proto

from hotplate.jobs import rewrites
from hotplate.jobs.config import WRITE_BATCH, connection
from hotplate.jobs.errors import JobError
from hotplate.jobs.offline import find_view, pull_latest, utc
from hotplate.jobs.reading import view_plan
from hotplate.jobs.results import MaterializeResult
from hotplate.jobs.session import change_registry, open_store, translated
from hotplate.jobs.workplace import Window, Workplace
from hotplate.online.errors import OnlineStoreUnavailable
from hotplate.online.writer import WriteOptions, write

logger = logging.getLogger(__name__)

NO_TTL = timedelta(weeks=52)
"""How far back the first run of a view without ttl goes, as in Feast."""


def run(workplace: Workplace, view_name: str, window: Window | None = None) -> MaterializeResult:
    """Write each entity's latest row of the window to the online store.

    Raises:
        JobError: ViewUnknown, WindowInvalid, OfflineStoreFailed, or a store does not answer.

    """
    started = time.monotonic()
    store = open_store(workplace)
    view = _materializable(store, view_name)
    window = window or Window()
    with translated(workplace):
        anew = window == Window() and view_name in rewrites.noted(workplace)
    start, end = bounds(view, window, datetime.now(UTC), anew=anew)
    logger.info("%s: %s to %s", view_name, start.isoformat(), end.isoformat())
    table = pull_latest(store, view, start, end)
    logger.info("%s: %d rows pulled", view_name, table.num_rows)
    with translated(workplace):
        _write(workplace, store, view, _Rows(table, anew))
        change_registry(
            store, lambda: store.registry.apply_materialization(view, store.project, start, end)
        )
        if anew:
            rewrites.rewritten(workplace, view_name)
    seconds = round(time.monotonic() - started, 3)
    return MaterializeResult(
        view=view_name, start=start, end=end, rows=table.num_rows, seconds=seconds
    )


def bounds(
    view: Any, window: Window, now: datetime, *, anew: bool = False
) -> tuple[datetime, datetime]:
    """Return start and end of the window: from the watermark, or the view's ttl ago, to now.

    A view to be written anew starts its ttl ago, whatever its watermark.
    """
    end = min(utc(window.end), now) if window.end else now
    watermark = view.most_recent_end_time
    if window.start is not None:
        start = utc(window.start)
    elif watermark is not None and not anew:
        start = utc(watermark)
    else:
        start = now - (view.ttl or NO_TTL)
    if start > end:
        raise JobError(
            "WindowInvalid",
            f"feature view {view.name}: the window {start.isoformat()} to {end.isoformat()} ends "
            "before it starts",
        )
    return start, end


def _materializable(store: Any, name: str) -> Any:
    view = find_view(store, name)
    if not view.online or view.batch_source is None:
        raise JobError(
            "ViewNotMaterializable",
            f"feature view {name} has online=False or no batch source: there is nothing to write",
        )
    return view


@dataclass(frozen=True)
class _Rows:
    """Rows to write; `anew` replaces rows of the same event time too."""

    table: pa.Table
    anew: bool


def _write(workplace: Workplace, store: Any, view: Any, rows: _Rows) -> None:
    """Write all rows; a view without entities is left to Feast."""
    if DUMMY_ENTITY_ID in view.join_keys:
        _write_by_feast(store, view, rows.table)
        return
    options = WriteOptions(
        timestamp_field=view.batch_source.timestamp_field,
        key_ttl_seconds=store.config.online_store.key_ttl_seconds,
        skip_dedup=rows.anew,
    )
    online = connection(workplace)
    try:
        result = write(online, view_plan(view), workplace.project, rows.table, options)
    except OnlineStoreUnavailable as error:
        raise JobError("OnlineStoreFailed", f"{error}; the next run writes the rest") from error
    except ValueError as error:
        raise JobError("RowsInvalid", f"feature view {view.name}: {error}") from error
    logger.info("%s: %d rows written, %d as new", view.name, result.written, result.skipped)


def _write_by_feast(store: Any, view: Any, table: pa.Table) -> None:
    join_keys = {field.name: field.dtype.to_value_type() for field in view.entity_columns}
    for batch in table.combine_chunks().to_batches(max_chunksize=WRITE_BATCH):
        rows = _convert_arrow_to_proto(batch, view, join_keys)
        store.provider.online_write_batch(store.config, view, rows, None)
        logger.info("%s: %d rows written", view.name, batch.num_rows)
