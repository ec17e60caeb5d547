"""The memory that feature views take in the online store, estimated from their sources.

Rows are counted by the metadata of parquet files: an upper bound if an entity has several rows.
Bytes of a row are those that Valkey uses for a hash of few fields (a listpack).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq

from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.definitions import load
from hotplate.jobs.workspace import Workspace

logger = logging.getLogger(__name__)

KEY_BYTES = 160
"""An entity's key with its join keys and project, its place in the table, and an empty hash."""

FIELD_BYTES = 20
"""A feature: the field's name of 4 bytes, a number of 8, and their encoding."""

TEXT_BYTES = 24
"""Additional bytes of a feature of text, bytes or a short list."""

_LONG = ("STRING", "BYTES", "LIST", "SET", "JSON", "MAP")


def estimated_bytes(workspace: Workspace) -> int | None:
    """Return the bytes of all views, or None if the rows of a source cannot be counted."""
    try:
        contents = load(workspace.definitions, workspace.project)
        return sum(_bytes(workspace, view) for view in contents.feature_views)
    except (JobError, OSError, ValueError) as error:
        logger.info("the size of the views is unknown: %s", error)
        return None


def _bytes(workspace: Workspace, view: Any) -> int:
    types = [feature.dtype.to_value_type().name for feature in view.features]
    return _rows(workspace, view) * row_bytes(types)


def row_bytes(types: Iterable[str]) -> int:
    """Return the bytes of a row with features of these Feast value types."""
    fields = [FIELD_BYTES + (TEXT_BYTES if name.endswith(_LONG) else 0) for name in types]
    return KEY_BYTES + FIELD_BYTES + sum(fields)


def _rows(workspace: Workspace, view: Any) -> int:
    path = getattr(view.batch_source, "path", None)
    if not path or urlsplit(path).scheme not in ("", "file"):
        raise ValueError(f"the rows of feature view {view.name} are not counted here")
    local = Path(workspace.definitions) / urlsplit(path).path
    files = sorted(local.glob("*.parquet")) if local.is_dir() else [local]
    return sum(int(pq.read_metadata(file).num_rows) for file in files)
