"""Queries of our own on Redshift, run as Feast runs its own: unloaded to S3 and read there."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import pyarrow as pa
from feast.feature_view import DUMMY_ENTITY_ID


def is_redshift(store: Any) -> bool:
    """Whether the offline store of Feast's store is Redshift."""
    return bool(store.config.offline_store.type == "redshift")


def query_rows(store: Any, query: str) -> pa.Table:
    """Return the result of a query."""
    from feast.infra.offline_stores.redshift import RedshiftRetrievalJob  # noqa: PLC0415
    from feast.infra.utils import aws_utils  # noqa: PLC0415  botocore only where there is AWS

    region = store.config.offline_store.region
    job = RedshiftRetrievalJob(
        query=query,
        redshift_client=aws_utils.get_redshift_data_client(region),
        s3_resource=aws_utils.get_s3_resource(region),
        config=store.config,
        full_feature_names=False,
    )
    rows: pa.Table = job.to_arrow()
    return rows


def as_stored(store: Any, view: Any) -> Any:
    """Return the view as it is to be read: in Redshift a null creation time is the earliest.

    Feast's SQL sorts such rows first when it pulls, and loses them when it joins.
    """
    source = view.batch_source
    if not is_redshift(store) or not source.created_timestamp_column:
        return view
    from feast import RedshiftSource  # noqa: PLC0415  botocore only where there is AWS

    names = {new: old for old, new in (source.field_mapping or {}).items()}
    fields = (*view.entity_columns, *view.features)
    columns = dict.fromkeys(names.get(each, each) for each in _columns(source, fields))
    created = names.get(source.created_timestamp_column, source.created_timestamp_column)
    selected = ", ".join(name for name in columns if name != created)
    known = f"COALESCE({created}, TIMESTAMP '1700-01-01 00:00:00') AS {created}"
    stored = copy(view)
    stored.batch_source = RedshiftSource(
        name=source.name,
        query=f"SELECT {selected}, {known} FROM {source.get_table_query_string()}",  # noqa: S608
        timestamp_field=source.timestamp_field,
        created_timestamp_column=source.created_timestamp_column,
        field_mapping=source.field_mapping,
        database=source.database,
    )
    return stored


def _columns(source: Any, fields: Sequence[Any]) -> list[str]:
    names = [field.name for field in fields if field.name != DUMMY_ENTITY_ID]
    return [*names, source.timestamp_field]


def rows_in_source(store: Any, source: Any) -> int | None:
    """Return how many rows a data source has, None if its store cannot be asked."""
    if not is_redshift(store):
        return None
    table = source.get_table_query_string()
    found = query_rows(store, f"SELECT COUNT(*) AS n FROM {table}")  # noqa: S608 - of the definitions
    count: int = found["n"][0].as_py()
    return count
