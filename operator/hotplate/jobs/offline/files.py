"""The parquet files of a data source: a file, a folder, a glob or Hive partitions, as in Feast.

All files together decide the type of a column. A feature that a file lacks is null there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from feast import FileSource
from feast.data_format import ParquetFormat

from hotplate.jobs.offline.column_types import ColumnType, TypesDifferError, column_type

BATCH_ROWS = 20_000
"""Rows read at a time."""

_BUFFER_BYTES = 1 << 20
_SUFFIXES = (".parquet", ".parq", ".pq")


class SourceError(Exception):
    """The files of a data source cannot be read as the view's; the message has the fix."""


@dataclass(frozen=True)
class Span:
    """A span of times in a column, both ends included; None is no end."""

    column: str
    start: datetime
    end: datetime | None

    def part(self, fragment: Any) -> Any:
        """Return the row groups of a fragment that may have rows in the span."""
        kind = fragment.physical_schema.field(self.column).type
        if not pa.types.is_timestamp(kind):
            return fragment
        field: Any = pc.field(self.column)
        condition = field >= _comparable(self.start, kind)
        if self.end is not None:
            condition &= field <= _comparable(self.end, kind)
        return fragment.subset(condition)

    def holds(self, times: Any) -> Any:
        """Return for each time whether it is in the span; a null is not."""
        if pa.types.is_null(times.type):
            return pa.array([False] * len(times))
        inside = pc.greater_equal(times, _comparable(self.start, times.type))
        if self.end is not None:
            inside = pc.and_(inside, pc.less_equal(times, _comparable(self.end, times.type)))
        return pc.fill_null(inside, False)


def _comparable(moment: datetime, kind: Any) -> Any:
    """Return a moment to compare with times of that type; one without a zone is UTC."""
    naive = moment.astimezone(UTC).replace(tzinfo=None)
    return pa.scalar(naive, pa.timestamp("us")).cast(pa.timestamp("us", kind.tz))


@dataclass(frozen=True)
class SourceFiles:
    """The files, as fragments of a dataset, and the columns' types, by name."""

    fragments: tuple[Any, ...]
    types: Mapping[str, ColumnType]

    @property
    def rows(self) -> int:
        """The rows of all files."""
        return sum(fragment.metadata.num_rows for fragment in self.fragments)

    def schema(self, names: Sequence[str]) -> pa.Schema:
        """Return the types of these columns."""
        return pa.schema([(name, self.types[name].of(pa.nulls(0)).type) for name in names])

    def batches(self, names: Sequence[str], span: Span) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield batches of these columns, each with the number of its first row.

        Row groups without a row in the span of time are not read and not numbered.
        """
        number = 0
        for fragment in self.fragments:
            groups = [group.id for group in span.part(fragment).row_groups]
            own = [name for name in names if name in fragment.physical_schema.names]
            with fragment.open() as opened:
                file = pq.ParquetFile(opened, buffer_size=_BUFFER_BYTES)
                for batch in file.iter_batches(BATCH_ROWS, row_groups=groups, columns=own):
                    yield number, self._complete(batch, names, fragment)
                    number += batch.num_rows

    def _complete(self, batch: pa.RecordBatch, names: Sequence[str], fragment: Any) -> Any:
        folders = ds.get_partition_keys(fragment.partition_expression)
        columns = []
        for name in names:
            if name in batch.schema.names:
                column = batch.column(name)
            else:
                column = pa.array([folders.get(name)] * batch.num_rows)
            columns.append(self.types[name].of(column))
        return pa.RecordBatch.from_arrays(columns, names=[*names])


def source_files(
    source: Any, repo_path: Any, dtypes: Mapping[str, str | None], needed: Sequence[str]
) -> SourceFiles | None:
    """Return the files of a data source, or None if it has no parquet files.

    `dtypes` are the declared types of its columns, None for times; every file must have the
    `needed` ones.

    Raises:
        SourceError: the files do not exist, lack a column, or do not fit together.

    """
    if not isinstance(source, FileSource):
        return None
    if not isinstance(source.file_format, ParquetFormat | None):
        return None
    fragments = tuple(_fragments(source, repo_path))
    return SourceFiles(
        fragments,
        {name: _type(fragments, name, dtype, needed) for name, dtype in dtypes.items()},
    )


def _type(
    fragments: Sequence[Any], name: str, dtype: str | None, needed: Sequence[str]
) -> ColumnType:
    types = []
    for fragment in fragments:
        schema = fragment.physical_schema
        folders = ds.get_partition_keys(fragment.partition_expression)
        if name in schema.names:
            types.append(schema.field(name).type)
        elif name in folders:
            types.append(pa.scalar(folders[name]).type)
        elif name in needed:
            raise SourceError(f"file {fragment.path} has no column {name}: write it")
    if not types:
        raise SourceError(f"no file has a column {name}: write it, or correct the definition")
    try:
        return column_type(name, types, dtype)
    except TypesDifferError as error:
        raise SourceError(str(error)) from error


def _fragments(source: Any, repo_path: Any) -> list[Any]:
    path = FileSource.get_uri_for_file_path(repo_path, source.file_options.uri)
    files, place = fsspec.url_to_fs(path, **_options(source))
    folder, found = _paths(files, place)
    if not found:
        raise SourceError(f"{path} has no parquet file: write one, or correct the path")
    dataset: Any = ds.dataset(
        found,
        filesystem=files,
        format="parquet",
        partitioning=ds.partitioning(flavor="hive"),
        partition_base_dir=folder,
    )
    return list(dataset.get_fragments())


def _options(source: Any) -> dict[str, Any]:
    """Return what opens the file system: the source's endpoint, and its own credentials."""
    options: dict[str, Any] = {}
    credentials = source.resolve_credentials() or {}
    for name, key in (
        ("key", "AWS_ACCESS_KEY_ID"),
        ("secret", "AWS_SECRET_ACCESS_KEY"),
        ("token", "AWS_SESSION_TOKEN"),
    ):
        if credentials.get(key):
            options[name] = credentials[key]
    if source.file_options.s3_endpoint_override:
        options["client_kwargs"] = {"endpoint_url": source.file_options.s3_endpoint_override}
    return options


def _paths(files: Any, place: str) -> tuple[str, list[str]]:
    """Return the folder that partitions start at, and the paths of the files, sorted."""
    if any(sign in place for sign in "*?["):
        before = place[: min(place.find(sign) for sign in "*?[" if sign in place)]
        return before.rpartition("/")[0], sorted(p for p in files.glob(place) if files.isfile(p))
    if files.isfile(place):
        return place.rpartition("/")[0], [place]
    return place, sorted(path for path in files.find(place) if _is_data(path, place))


def _is_data(path: str, folder: str) -> bool:
    parts = PurePosixPath(path.removeprefix(folder).lstrip("/")).parts
    hidden = any(part.startswith((".", "_")) and "=" not in part for part in parts)
    return not hidden and path.endswith(_SUFFIXES)


def source_exists(source: Any, repo_path: Any) -> bool:
    """Return whether a file, folder or glob of a data source names anything."""
    path = FileSource.get_uri_for_file_path(repo_path, source.file_options.uri)
    files, place = fsspec.url_to_fs(path, **_options(source))
    return bool(files.glob(place)) if any(sign in place for sign in "*?[") else files.exists(place)
