"""A window of a feature view: each entity's latest row, from files or Feast's offline store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from feast.utils import _get_column_names

from hotplate.jobs.aws.errors import aws_error
from hotplate.jobs.errors import JobError
from hotplate.jobs.offline.parquet import LatestRows, Pull, parquet_rows

_NO_TTL = timedelta(weeks=52)


def find_view(store: Any, name: str) -> Any:
    """Return the feature view or stream feature view of that name.

    Raises:
        JobError: ViewUnknown, with the names that exist.

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


def latest_rows(store: Any, view: Any, start: datetime, end: datetime) -> LatestRows:
    """Return the latest row of each entity within the window, as the feature view names columns.

    Parquet files are read batch by batch; any other source is pulled by Feast's offline store.

    Raises:
        JobError: OfflineStoreFailed, with the offline store's error; the batches raise it too.

    """
    with offline_errors(view):
        rows = parquet_rows(
            view.batch_source, store.config.repo_path, _pull(store, view, start, end)
        )
        if rows is None:
            table = pull_job(store, view, start, end).to_arrow()
            rows = LatestRows(table.num_rows, iter(table.to_batches()), table.schema)
    names = view.batch_source.field_mapping or {}
    schema = pa.schema(
        [field.with_name(names.get(field.name, field.name)) for field in rows.schema]
    )
    return LatestRows(rows.count, _named(view, rows.batches, schema), schema)


def _named(
    view: Any, batches: Iterator[pa.RecordBatch], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    with offline_errors(view):
        for batch in batches:
            yield batch.rename_columns(schema.names)


def pull_latest(store: Any, view: Any, start: datetime, end: datetime) -> pa.Table:
    """Return the `latest_rows` as one table."""
    rows = latest_rows(store, view, start, end)
    return pa.Table.from_batches([*rows.batches], schema=rows.schema)


def _pull(store: Any, view: Any, start: datetime, end: datetime) -> Pull:
    entities = [store.registry.get_entity(name, store.project) for name in view.entities]
    join_keys, features, timestamp, created = _get_column_names(view, entities)
    return Pull(join_keys, features, timestamp, created, utc(start), utc(end))


def pull_job(store: Any, view: Any, start: datetime, end: datetime) -> Any:
    """Return Feast's retrieval job for the latest row of each entity within the window."""
    pull = _pull(store, view, start, end)
    return store.provider.offline_store.pull_latest_from_table_or_query(
        config=store.config,
        data_source=view.batch_source,
        join_key_columns=[*pull.join_keys],
        feature_name_columns=[*pull.features],
        timestamp_field=pull.timestamp,
        created_timestamp_column=pull.created,
        start_date=start,
        end_date=end,
    )


@contextmanager
def offline_errors(view: Any) -> Iterator[None]:
    """Turn errors of the offline store into a `JobError` that names view and data source."""
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


def lookback(view: Any) -> timedelta:
    """Return how far back a view's rows are read: its ttl, or without one 52 weeks, as in Feast."""
    return view.ttl or _NO_TTL


def utc(moment: datetime) -> datetime:
    """Return the moment with its time zone, UTC where it has none."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
