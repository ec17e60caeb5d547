"""A window of a feature view: each entity's latest row, from files or Feast's offline store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from feast.feature_view import DUMMY_ENTITY_ID, DUMMY_ENTITY_VAL
from feast.utils import _get_column_names

from hotplate.jobs.aws.errors import aws_error
from hotplate.jobs.errors import JobError
from hotplate.jobs.offline.files import SourceError
from hotplate.jobs.offline.parquet import LatestRows, Pull, parquet_rows
from hotplate.jobs.offline.redshift import as_stored, rows_in_source
from hotplate.jobs.repository.views import applied_views
from hotplate.online.write.refusals import ConversionError

BEGINNING = datetime(1700, 1, 1, tzinfo=UTC)
"""Earlier than any row: pandas has no nanoseconds before 1677."""


def find_view(store: Any, name: str) -> Any:
    """Return the feature view or stream feature view of that name.

    Raises:
        JobError: ViewUnknown, with the names that exist.

    """
    project = store.project
    views = applied_views(store.registry, project)
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
    pull = pull_of(store, view, start, end)
    with offline_errors(view):
        rows = parquet_rows(view.batch_source, store.config.repo_path, pull)
        if rows is None:
            rows = _by_feast(store, view, pull)
    names = view.batch_source.field_mapping or {}
    schema = pa.schema(
        [field.with_name(names.get(field.name, field.name)) for field in rows.schema]
    )
    if not pull.join_keys:
        schema = schema.append(pa.field(DUMMY_ENTITY_ID, pa.string()))
    return replace(rows, batches=_named(view, rows.batches, schema), schema=schema)


def _by_feast(store: Any, view: Any, pull: Pull) -> LatestRows:
    table = pull_job(store, view, pull.start, pull.end).to_arrow()
    if DUMMY_ENTITY_ID in table.column_names:
        table = table.drop_columns(DUMMY_ENTITY_ID)
    return LatestRows(
        table.num_rows,
        iter(table.to_batches()),
        table.schema,
        in_source=None if table.num_rows else rows_in_source(store, view.batch_source),
    )


def _named(
    view: Any, batches: Iterator[pa.RecordBatch], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Yield the batches under the view's names; a view without entities has one of its own."""
    with offline_errors(view):
        for batch in batches:
            columns = batch.columns
            if len(columns) < len(schema):
                columns = [*columns, pa.array([DUMMY_ENTITY_VAL] * batch.num_rows)]
            yield pa.RecordBatch.from_arrays(columns, names=schema.names)


def pull_latest(store: Any, view: Any, start: datetime, end: datetime) -> pa.Table:
    """Return the `latest_rows` as one table."""
    rows = latest_rows(store, view, start, end)
    return pa.Table.from_batches([*rows.batches], schema=rows.schema)


def pull_of(store: Any, view: Any, start: datetime, end: datetime) -> Pull:
    """Return what to pull of a view in a window, by the names of the data source."""
    entities = [store.registry.get_entity(name, store.project) for name in view.entities]
    join_keys, features, timestamp, created = _get_column_names(view, entities)
    names = {new: old for old, new in (view.batch_source.field_mapping or {}).items()}
    fields = (*view.entity_columns, *view.features)
    dtypes = {names.get(f.name, f.name): f.dtype.to_value_type().name for f in fields}
    return Pull(join_keys, features, dtypes, timestamp, created, utc(start), utc(end))


def pull_job(store: Any, view: Any, start: datetime, end: datetime) -> Any:
    """Return Feast's retrieval job for the latest row of each entity within the window."""
    pull = pull_of(store, view, start, end)
    return store.provider.offline_store.pull_latest_from_table_or_query(
        config=store.config,
        data_source=as_stored(store, view).batch_source,
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
    except ConversionError as error:
        raise JobError("RowsInvalid", f"{_place(view)}: {error}") from error
    except SourceError as error:
        raise JobError("OfflineStoreFailed", f"{_place(view)}: {error}") from error
    except Exception as error:
        raise aws_error(error) or JobError(
            "OfflineStoreFailed", f"{_place(view)}: {type(error).__name__}: {error}"
        ) from error


def _place(view: Any) -> str:
    return f"feature view {view.name}, data source {view.batch_source.name}"


def first_start(view: Any, end: datetime) -> datetime:
    """Return where a window starts that has every row which is served at its end.

    That is the view's ttl ago. Rows of a view without ttl are served whatever their age, so that
    its window has all of them; Feast's has those of 52 weeks.
    """
    return max(end - view.ttl, BEGINNING) if view.ttl else BEGINNING


def utc(moment: datetime) -> datetime:
    """Return the moment with its time zone, UTC where it has none."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
