"""Queries of our own on Redshift, run as Feast runs its own: unloaded to S3 and read there."""

from __future__ import annotations

from typing import Any

import pyarrow as pa


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


def rows_in_source(store: Any, source: Any) -> int | None:
    """Return how many rows a data source has, None if its store cannot be asked."""
    if not is_redshift(store):
        return None
    table = source.get_table_query_string()
    found = query_rows(store, f"SELECT COUNT(*) AS n FROM {table}")  # noqa: S608 - of the definitions
    count: int = found["n"][0].as_py()
    return count
