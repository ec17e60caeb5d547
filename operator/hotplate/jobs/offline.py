"""A window of a feature view, pulled by Feast's offline store: each entity's latest row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from feast.utils import _get_column_names, _run_pyarrow_field_mapping

from hotplate.jobs.aws_errors import aws_error
from hotplate.jobs.errors import JobError


def find_view(store: Any, name: str) -> Any:
    """Return the feature view or stream feature view of that name.

    Raises:
        JobError: ViewUnknown, with the names there are.

    """
    registry, project = store.registry, store.project
    views = (
        *registry.list_feature_views(project=project),
        *registry.list_stream_feature_views(project=project),
    )
    for view in views:
        if view.name == name:
            return view
    known = ", ".join(sorted(view.name for view in views)) or "none: apply the definitions first"
    raise JobError(
        "ViewUnknown", f"feature view {name} is not in project {project}; it has: {known}"
    )


def pull_latest(store: Any, view: Any, start: datetime, end: datetime) -> pa.Table:
    """Return the latest row of each entity within the window, as the feature view names columns.

    Raises:
        JobError: OfflineStoreFailed, with what the offline store said.

    """
    with offline_errors(view):
        table = pull_job(store, view, start, end).to_arrow()
    mapped: pa.Table = _run_pyarrow_field_mapping(table, view.batch_source.field_mapping or {})
    return mapped


def pull_job(store: Any, view: Any, start: datetime, end: datetime) -> Any:
    """Return Feast's retrieval job for the latest row of each entity within the window."""
    entities = [store.registry.get_entity(name, store.project) for name in view.entities]
    join_keys, features, timestamp, created = _get_column_names(view, entities)
    return store.provider.offline_store.pull_latest_from_table_or_query(
        config=store.config,
        data_source=view.batch_source,
        join_key_columns=join_keys,
        feature_name_columns=features,
        timestamp_field=timestamp,
        created_timestamp_column=created,
        start_date=start,
        end_date=end,
    )


@contextmanager
def offline_errors(view: Any) -> Iterator[None]:
    """Turn what an offline store raises into a `JobError` that names view and data source."""
    try:
        yield
    except JobError:
        raise
    except Exception as error:
        raise aws_error(error) or JobError(
            "OfflineStoreFailed",
            f"feature view {view.name}, data source {view.batch_source.name}: "
            f"{type(error).__name__}: {error}",
        ) from error


def utc(moment: datetime) -> datetime:
    """Return the moment with its time zone, UTC where it has none."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
