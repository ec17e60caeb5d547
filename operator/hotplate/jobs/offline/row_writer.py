"""Writes a view's rows, or part of them on another machine; needs no Feast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from hotplate.jobs.errors import JobError
from hotplate.online.connection.config import Connection
from hotplate.online.write.writer import BATCH_ROWS, WriteOptions, WriteResult, write
from hotplate.protocol.read_plan import ViewPlan


def too_many_null_keys(view: str, rows: int) -> JobError:
    """Return the error of a run in which more rows lack a join key than are allowed."""
    return JobError(
        "TooManyNullKeys",
        f"feature view {view}: {rows:,} rows or more have a null join key, more than "
        "spec.materialization.maxNullKeys: correct the rows, or raise the limit",
    )


@dataclass(frozen=True)
class RowWriter:
    """How rows of a view are written; `names` maps a file's columns to the view's."""

    connection: Connection
    view: ViewPlan
    project: str
    options: WriteOptions
    names: Mapping[str, str]

    def write(self, part: pa.Table | str) -> WriteResult:
        """Write a table that has the view's names, or a parquet file's rows.

        Raises what `hotplate.online.write.writer.write` does, and `OSError` for a file.
        """
        if isinstance(part, pa.Table):
            return self.write_batches(iter(part.to_batches(BATCH_ROWS)))
        with fsspec.open(part) as file:
            return self.write_batches(
                map(self._named, pq.ParquetFile(file).iter_batches(BATCH_ROWS))
            )

    def write_batches(self, batches: Iterator[pa.RecordBatch]) -> WriteResult:
        """Write batches that have the view's names."""
        return write(self.connection, self.view, self.project, batches, self.options)

    def _named(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.rename_columns([self.names.get(n, n) for n in batch.schema.names])
