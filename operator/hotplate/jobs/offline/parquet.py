"""A window of a feature view's parquet files: each entity's latest row, in bounded memory.

Feast's file offline store reads all files into pandas, several copies of them, and turns integers
beside a null into floats. Here the files are read twice, batch by batch: first keys and times, to
find the latest rows, then the columns of these rows. The result has the same rows as Feast's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hotplate.jobs.offline.files import SourceError, SourceFiles, Span, source_files
from hotplate.jobs.offline.latest import ROW, Array, Latest
from hotplate.online.write.acceptance import latest_accepted
from hotplate.online.write.conversion import converted
from hotplate.online.write.refusals import ConversionError


@dataclass(frozen=True)
class Pull:
    """The columns to pull, by their names in the data source, and the window, its ends included.

    `dtypes` are the declared Feast value types of join keys and features.
    """

    join_keys: Sequence[str]
    features: Sequence[str]
    dtypes: Mapping[str, str]
    timestamp: str
    created: str | None
    start: datetime
    end: datetime

    @property
    def span(self) -> Span:
        """The window, as a span of the column with the event times."""
        return Span(self.timestamp, self.start, self.end)

    @property
    def times(self) -> list[str]:
        """The columns that decide which row is the latest."""
        return [self.timestamp, *([self.created] if self.created else [])]

    @property
    def columns(self) -> list[str]:
        """The columns of the rows that are pulled."""
        return [*dict.fromkeys([*self.join_keys, *self.features, self.timestamp])]

    @property
    def types(self) -> dict[str, str | None]:
        """The declared types of all columns, None for times."""
        of_times: dict[str, str | None] = dict.fromkeys(self.times)
        return {name: self.dtypes.get(name) for name in self.columns} | of_times


@dataclass(frozen=True)
class LatestRows:
    """The number of rows, and their batches, which can be read once.

    `null_keys` counts rows of the window without a
    join key. `in_source` counts all rows of the source, `ahead` those more than five minutes ahead;
    None is what was not counted.
    """

    count: int
    batches: Iterator[pa.RecordBatch]
    schema: pa.Schema
    null_keys: int = 0
    in_source: int | None = None
    ahead: int = 0


class SourceChangedError(SourceError):
    """The files changed after the latest rows were found."""


def parquet_rows(source: Any, repo_path: Any, pull: Pull) -> LatestRows | None:
    """Return the latest rows, or None if Feast's offline store must pull them: not from files.

    Raises:
        SourceError: the files lack a column, or hold types that do not fit.
        ConversionError: join keys cannot become their declared types.

    """
    files = pulled_files(source, repo_path, pull)
    if files is None:
        return None
    latest, null_keys = Latest(pull.join_keys, pull.times), 0
    for rows in keys_and_times(files, pull, pull.span):
        complete = with_keys(rows, pull)
        null_keys += rows.num_rows - complete.num_rows
        latest.add(complete)
    numbers, times = latest.rows()
    schema = files.schema(pull.columns)
    return LatestRows(
        len(numbers),
        _picked(files.batches(pull.columns, pull.span), numbers, times, pull),
        schema,
        null_keys=null_keys,
        in_source=files.rows,
        ahead=_ahead(files, pull),
    )


def pulled_files(source: Any, repo_path: Any, pull: Pull) -> SourceFiles | None:
    """Return the files of the source with the types of what is pulled; refuse odd times."""
    files = source_files(source, repo_path, pull.types, [*pull.join_keys, pull.timestamp])
    if files is not None:
        for field in files.schema(pull.times):
            if not (pa.types.is_timestamp(field.type) or pa.types.is_null(field.type)):
                raise SourceError(f"column {field.name} is {field.type}: write timestamps")
    return files


def keys_and_times(files: SourceFiles, pull: Pull, span: Span) -> Iterator[pa.Table]:
    """Yield the rows within the span: keys in their declared types, times as integers, numbers."""
    names = [*dict.fromkeys([*pull.join_keys, *pull.times])]
    for first, batch in files.batches(names, span):
        columns: dict[str, Any] = {
            name: _key_column(batch.column(name), name, pull) for name in pull.join_keys
        }
        for name in pull.times:
            columns[name] = _numbers(batch.column(name))
        columns[ROW] = pa.array(np.arange(first, first + batch.num_rows))
        inside = span.holds(batch.column(pull.timestamp))
        yield pa.table(columns).filter(inside)


def _numbers(times: Any) -> Any:
    return (
        pa.nulls(len(times), pa.int64()) if pa.types.is_null(times.type) else times.cast(pa.int64())
    )


def _key_column(column: Any, name: str, pull: Pull) -> Any:
    try:
        return converted(column, pull.dtypes[name])
    except ConversionError as error:
        raise ConversionError(f"join key {name}: {error}") from None


def with_keys(rows: pa.Table, pull: Pull) -> pa.Table:
    """Return the rows that have all join keys."""
    for name in pull.join_keys:
        if rows[name].null_count:
            rows = rows.filter(rows[name].is_valid())
    return rows


def _ahead(files: SourceFiles, pull: Pull) -> int:
    """Return how many rows are further ahead of now than event times may be."""
    span = Span(pull.timestamp, datetime.fromtimestamp(latest_accepted(), UTC), None)
    return sum(
        int(pc.sum(span.holds(batch.column(0))).as_py() or 0)
        for _, batch in files.batches([pull.timestamp], span)
    )


def _picked(
    batches: Iterator[tuple[int, pa.RecordBatch]], numbers: Array, times: Array, pull: Pull
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of these numbers; raise `SourceChangedError` if their times changed."""
    found = 0
    for first, batch in batches:
        low, high = np.searchsorted(numbers, [first, first + batch.num_rows])
        rows = batch.take(pa.array(numbers[low:high] - first))
        now = _numbers(rows.column(pull.timestamp)).to_numpy(zero_copy_only=False)
        if not np.array_equal(now, times[low:high]):
            raise SourceChangedError("the files changed while they were read: run the Job again")
        found += rows.num_rows
        if rows.num_rows:
            yield rows
    if found != len(numbers):
        raise SourceChangedError("the files changed while they were read: run the Job again")
