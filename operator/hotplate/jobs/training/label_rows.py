"""The labels as they are stored: a parquet file, or the result of an SQL query."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from fsspec.core import url_to_fs

from hotplate.api.v1alpha1.training import Labels
from hotplate.jobs.aws.errors import aws_error
from hotplate.jobs.errors import JobError
from hotplate.jobs.offline.redshift import is_redshift, query_rows
from hotplate.jobs.workspace import Workspace


def place_of(labels: Labels) -> str:
    """Return the labels' name in messages."""
    return labels.path or "the result of spec.training.labels.query"


def label_rows(workspace: Workspace, store: Any, labels: Labels) -> pd.DataFrame:
    """Return the labels' rows.

    Raises:
        JobError: LabelsInvalid, they cannot be read; or AWS refused.

    """
    rows = _of_file(workspace, labels.path) if labels.path else _of_query(store, labels.query)
    return rows.reset_index(drop=True)


def _of_file(workspace: Workspace, path: str) -> pd.DataFrame:
    if not urlsplit(path).scheme:
        path = str(workspace.definitions / path)
    try:
        files, place = url_to_fs(path)
        return pd.read_parquet(place, filesystem=files)
    except Exception as error:
        raise aws_error(error, path) or JobError(
            "LabelsInvalid",
            f"spec.training.labels.path: {path} cannot be read as parquet: {error}",
        ) from error


def _of_query(store: Any, query: str | None) -> pd.DataFrame:
    """Run the query as Feast does on Redshift: unload to S3, and read from there."""
    if not is_redshift(store):
        raise JobError(
            "LabelsInvalid",
            "spec.training.labels.query needs an offline store with SQL "
            "(spec.offlineStore.redshift): with files, set spec.training.labels.path",
        )
    try:
        rows: pd.DataFrame = query_rows(store, query or "").to_pandas()
    except Exception as error:
        raise aws_error(error) or JobError(
            "LabelsInvalid", f"spec.training.labels.query: {type(error).__name__}: {error}"
        ) from error
    return rows
