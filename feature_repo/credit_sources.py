"""Where the features' tables are: parquet files beside the definitions, or Redshift.

The whole switch is two lines of the FeatureStore resource, and no definition changes:

    jobs: {env: [{name: CREDIT_SCORING_SOURCES, value: redshift}]}
    offlineStore: {redshift: {…}}
"""

import os

from credit_tables import make_tables
from feast import FileSource, RedshiftSource
from feast.data_source import DataSource

REDSHIFT_SCHEMA = "public"


def table(name: str) -> DataSource:
    """Return the source of table `name`: data/<name>.parquet, or that table in Redshift."""
    times = {
        "timestamp_field": "event_timestamp",
        "created_timestamp_column": "created_timestamp",
    }
    if place() == "redshift":
        return RedshiftSource(name=name, table=name, schema=REDSHIFT_SCHEMA, **times)
    make_tables()
    return FileSource(name=name, path=f"data/{name}.parquet", **times)


def place() -> str:
    """Return `file` or `redshift`, from the environment variable CREDIT_SCORING_SOURCES."""
    chosen = os.environ.get("CREDIT_SCORING_SOURCES", "file")
    if chosen not in ("file", "redshift"):
        raise ValueError(f"CREDIT_SCORING_SOURCES: {chosen}: expected file or redshift")
    return chosen
