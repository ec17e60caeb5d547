"""Writes part of a view's rows on another machine; needs no Feast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from hotplate.online.connection.config import Connection
from hotplate.online.write.writer import BATCH_ROWS, WriteOptions, write
from hotplate.protocol.read_plan import ViewPlan


@dataclass(frozen=True)
class RowWriter:
    """How rows of a view are written; `names` maps a file's columns to the view's."""

    connection: Connection
    view: ViewPlan
    project: str
    options: WriteOptions
    names: Mapping[str, str]

    def write(self, part: pa.Table | str) -> int:
        """Write a table that has the view's names, or a parquet file's rows; return how many.

        Raises what `hotplate.online.write.writer.write` does, and `OSError` for a file.
        """
        if isinstance(part, pa.Table):
            return self._write(iter(part.to_batches(BATCH_ROWS)))
        with fsspec.open(part) as file:
            return self._write(map(self._named, pq.ParquetFile(file).iter_batches(BATCH_ROWS)))

    def _write(self, batches: Iterator[pa.RecordBatch]) -> int:
        result = write(self.connection, self.view, self.project, batches, self.options)
        return result.written + result.skipped

    def _named(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.rename_columns([self.names.get(n, n) for n in batch.schema.names])
