"""A window of a feature view's parquet files: each entity's latest row, in bounded memory.

Feast's file offline store reads all files into pandas, several copies of them, and turns integers
beside a null into floats. Here the files are read twice, batch by batch: first keys and times, to
find the latest rows, then the columns of these rows. The result has the same rows as Feast's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from feast import FileSource
from feast.data_format import ParquetFormat

from hotplate.jobs.offline.latest import ROW, Array, Latest

BATCH_ROWS = 20_000
_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class Pull:
    """The columns to pull, by their names in the data source, and the window, its ends included."""

    join_keys: Sequence[str]
    features: Sequence[str]
    timestamp: str
    created: str | None
    start: datetime
    end: datetime

    @property
    def times(self) -> list[str]:
        """The columns that decide which row is the latest."""
        return [self.timestamp, *([self.created] if self.created else [])]


@dataclass(frozen=True)
class LatestRows:
    """The number of rows, and their batches, which can be read once."""

    count: int
    batches: Iterator[pa.RecordBatch]
    schema: pa.Schema


class SourceChangedError(Exception):
    """The files changed after the latest rows were found."""


def parquet_rows(source: Any, repo_path: Any, pull: Pull) -> LatestRows | None:
    """Return the latest rows, or None if Feast's offline store must pull them.

    It must for sources other than plain parquet files, for a connection's credentials, and for
    times that are no timestamps.
    """
    dataset = _dataset(source, repo_path)
    if dataset is None or not _has_timestamps(dataset.schema, pull.times) or not pull.join_keys:
        return None
    latest = Latest(pull.join_keys, pull.times)
    for first, batch in _numbered(dataset, [*dict.fromkeys([*pull.join_keys, *pull.times])], pull):
        latest.add(_within(first, batch, pull))
    numbers, times = latest.rows()
    names = [*dict.fromkeys([*pull.join_keys, *pull.features, pull.timestamp])]
    schema = pa.schema([dataset.schema.field(name) for name in names])
    return LatestRows(
        len(numbers), _picked(_numbered(dataset, names, pull), numbers, times, pull), schema
    )


def _dataset(source: Any, repo_path: Any) -> Any | None:
    """Return the files as a dataset, or None if Feast must read them."""
    if not isinstance(source, FileSource) or source.resolve_credentials():
        return None
    if not isinstance(source.file_format, ParquetFormat | None):
        return None
    path = FileSource.get_uri_for_file_path(repo_path, source.file_options.uri)
    if "*" in path:
        return None
    endpoint = source.file_options.s3_endpoint_override
    options = {"client_kwargs": {"endpoint_url": endpoint}} if endpoint else {}
    files, place = fsspec.url_to_fs(path, **options)
    dataset = ds.dataset(place, filesystem=files, format="parquet", partitioning="hive")
    partitioned = any(
        ds.get_partition_keys(fragment.partition_expression) for fragment in dataset.get_fragments()
    )
    return None if partitioned else dataset


def _has_timestamps(schema: pa.Schema, names: Sequence[str]) -> bool:
    return all(pa.types.is_timestamp(schema.field(name).type) for name in names)


def _numbered(
    dataset: Any, names: Sequence[str], pull: Pull
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield batches of these columns, each with the number of its first row.

    Row groups outside of the window are not read and not numbered.
    """
    schema = pa.schema([dataset.schema.field(name) for name in names])
    number = 0
    for fragment in dataset.get_fragments():
        groups = [group.id for group in fragment.subset(_window(dataset, pull)).row_groups]
        with fragment.open() as opened:
            file = pq.ParquetFile(opened, buffer_size=_BUFFER_BYTES)
            for batch in file.iter_batches(BATCH_ROWS, row_groups=groups, columns=[*names]):
                yield number, batch.select([*names]).cast(schema)
                number += batch.num_rows


def _window(dataset: Any, pull: Pull) -> Any:
    start, end = _ends(dataset.schema.field(pull.timestamp).type, pull)
    return (pc.field(pull.timestamp) >= start) & (pc.field(pull.timestamp) <= end)


def _ends(kind: Any, pull: Pull) -> tuple[pa.Scalar[Any], pa.Scalar[Any]]:
    """Return the ends of the window as scalars to compare with; a time without a zone is UTC."""
    ends = (end.astimezone(UTC).replace(tzinfo=None) for end in (pull.start, pull.end))
    start, end = (
        pa.scalar(end, pa.timestamp("us")).cast(pa.timestamp("us", kind.tz)) for end in ends
    )
    return start, end


def _within(first: int, batch: pa.RecordBatch, pull: Pull) -> pa.Table:
    """Return keys, times as integers, and numbers of the rows within the window."""
    table = pa.Table.from_batches([batch])
    times = {name: table[name].cast(pa.int64()) for name in pull.times}
    start, end = _ends(table.schema.field(pull.timestamp).type, pull)
    when = table[pull.timestamp]
    inside = pc.and_(pc.greater_equal(when, start), pc.less_equal(when, end))
    columns: dict[str, Any] = {name: table[name] for name in pull.join_keys} | times
    numbers = pa.array(np.arange(first, first + batch.num_rows))
    return pa.table(columns | {ROW: numbers}).filter(inside)


def _picked(
    batches: Iterator[tuple[int, pa.RecordBatch]], numbers: Array, times: Array, pull: Pull
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of these numbers; raise `SourceChangedError` if their times changed."""
    found = 0
    for first, batch in batches:
        low, high = np.searchsorted(numbers, [first, first + batch.num_rows])
        rows = batch.take(pa.array(numbers[low:high] - first))
        now = rows.column(pull.timestamp).cast(pa.int64()).to_numpy(zero_copy_only=False)
        if not np.array_equal(now, times[low:high]):
            raise SourceChangedError("the files changed while they were read: run the Job again")
        found += rows.num_rows
        if rows.num_rows:
            yield rows
    if found != len(numbers):
        raise SourceChangedError("the files changed while they were read: run the Job again")
