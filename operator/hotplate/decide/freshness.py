"""Whether the watermarks of feature views keep `maxStaleness`, and when the first one will not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.feature_store_status import ViewProgress


def with_freshness(
    store: FeatureStore, views: Iterable[ViewProgress], now: datetime
) -> tuple[ViewProgress, ...]:
    """Return the views with `fresh`: None for a view without maxStaleness."""
    limits = _limits(store)
    return tuple(
        view.model_copy(update={"fresh": _is_fresh(view, limits.get(view.name), now)})
        for view in views
    )


def next_staleness(store: FeatureStore, views: Iterable[ViewProgress]) -> datetime | None:
    """Return when the first fresh view becomes stale, unless it is materialized before."""
    limits = _limits(store)
    times = (
        view.watermark + limit
        for view in views
        if view.fresh and view.watermark and (limit := limits.get(view.name))
    )
    return min(times, default=None)


def _limits(store: FeatureStore) -> dict[str, timedelta | None]:
    return {view.name: view.max_staleness for view in store.spec.materialization.views}


def _is_fresh(view: ViewProgress, limit: timedelta | None, now: datetime) -> bool | None:
    if limit is None:
        return None
    return view.watermark is not None and now - view.watermark <= limit
