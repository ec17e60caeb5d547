"""Whether feature views keep what the spec promises of them, and when the first one will not.

A late run is one thing, old data another: a source that has stopped leaves every run on time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from hotplate.api import FeatureStore
from hotplate.api.fields.base import format_duration
from hotplate.api.v1alpha1.conditions import Reason
from hotplate.api.v1alpha1.feature_store_status import RowCount, ViewProgress
from hotplate.api.v1alpha1.materialization import MaterializedView


@dataclass(frozen=True)
class Staleness:
    """Which promise a view does not keep, and a sentence with the figures."""

    reason: Reason
    message: str


def with_freshness(
    store: FeatureStore, views: Iterable[ViewProgress], now: datetime
) -> tuple[ViewProgress, ...]:
    """Return the views with `fresh`: None for a view without a promise."""
    promised = promises(store)
    return tuple(
        view.model_copy(update={"fresh": _is_fresh(view, promised.get(view.name), now)})
        for view in (_with_period(view, promised.get(view.name), now) for view in views)
    )


def next_staleness(
    store: FeatureStore, views: Iterable[ViewProgress], now: datetime
) -> datetime | None:
    """Return when the first view becomes stale, unless it is materialized before."""
    promised = promises(store)
    times = (
        time
        for view in views
        if (promise := promised.get(view.name)) is not None
        for time in _ends(view, promise)
        if time > now or (time == now and view.fresh)
    )
    return min(times, default=None)


def promises(store: FeatureStore) -> dict[str, MaterializedView]:
    """Return the views of the spec that promise anything, by name."""
    return {
        view.name: view
        for view in store.spec.materialization.views
        if view.max_staleness or view.max_data_age or view.expected_rows
    }


def staleness(view: ViewProgress, promise: MaterializedView, now: datetime) -> Staleness | None:
    """Return the promise that a materialized view does not keep, the late run before old data."""
    return next(_staleness(view, promise, now), None)


def _is_fresh(view: ViewProgress, promise: MaterializedView | None, now: datetime) -> bool | None:
    if promise is None:
        return None
    return view.watermark is not None and staleness(view, promise, now) is None


def _staleness(view: ViewProgress, promise: MaterializedView, now: datetime) -> Iterator[Staleness]:
    if view.watermark is None:
        return
    limit = promise.max_staleness
    if limit is not None and now - view.watermark > limit:
        yield Staleness(
            Reason.RUN_LATE,
            f"{view.name} was materialized up to {view.watermark.isoformat()}, longer ago than its"
            f" maxStaleness of {format_duration(limit)}",
        )
    newest, age = view.newest_event_time, promise.max_data_age
    if age is not None and newest is not None and now - newest > age:
        yield Staleness(
            Reason.SOURCE_SILENT,
            f"the newest row of {view.name} is of {newest.isoformat()}, older than its maxDataAge"
            f" of {format_duration(age)}, although its runs are on time: its data source is silent",
        )
    expected, counted = promise.expected_rows, view.counted
    if expected is not None and counted is not None and counted.is_short:
        period = f"{format_duration(expected.per)} before {counted.since.isoformat()}"
        yield Staleness(
            Reason.SOURCE_SILENT,
            f"{view.name} got fewer than {expected.minimum:,} rows in the {period}: its data source"
            " is silent",
        )


def _ends(view: ViewProgress, promise: MaterializedView) -> Iterator[datetime]:
    """Yield when each promise ends that the view keeps now."""
    if view.watermark is not None and promise.max_staleness is not None:
        yield view.watermark + promise.max_staleness
    if view.newest_event_time is not None and promise.max_data_age is not None:
        yield view.newest_event_time + promise.max_data_age
    if view.counted is not None and promise.expected_rows is not None:
        yield view.counted.since + promise.expected_rows.per


def _with_period(
    view: ViewProgress, promise: MaterializedView | None, now: datetime
) -> ViewProgress:
    """Return the view with its rows counted by the periods of `expectedRows`."""
    expected = promise.expected_rows if promise is not None else None
    if expected is None or view.watermark is None:
        return view.model_copy(update={"counted": None})
    counted = view.counted or RowCount(since=now, rows=0)
    passed = (now - counted.since) // expected.per
    if passed > 0:
        # Nothing was written in the periods between the first and the last.
        rows = counted.rows if passed == 1 else 0
        since = counted.since + passed * expected.per
        counted = RowCount(since=since, rows=0, is_short=rows < expected.minimum)
    return view.model_copy(update={"counted": counted})
