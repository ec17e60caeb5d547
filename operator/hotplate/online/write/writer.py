"""The writer: an Arrow table in, Feast's Redis layout out, pipelined and in bounded memory.

    write(connection, view, project, table, options) -> WriteResult(written, skipped)

A row replaces a row of its view with the same or an older event time. The server compares the
times, so that two writers cannot both pass the check. A row is written whole or not at all, and
writing it again changes nothing: a run that failed halfway is run again. Rows without a join key,
and rows whose event time is more than five minutes ahead, are left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

import hiredis
import pyarrow as pa

from hotplate.online.blocking.store import BlockingStore
from hotplate.online.connection.config import Connection
from hotplate.online.errors import OnlineReadError, OnlineStoreUnavailable
from hotplate.online.write.acceptance import accepted
from hotplate.online.write.frames import DEFAULTS, Command, Frames, WriteOptions
from hotplate.online.write.upsert_script import UPSERT
from hotplate.protocol.read_plan import ViewPlan

__all__ = ["WriteOptions", "WriteResult", "write"]

BATCH_ROWS = 5_000
"""Rows encoded at a time; two batches are in memory: one is sent while the other is answered.

A batch fits the socket's buffers, so that the server works on one while the next is encoded.
"""

CLUSTER_BATCH_ROWS = 20_000
"""The same on a cluster, where a call of the script holds the rows of one slot of 16,384."""


@dataclass(frozen=True)
class WriteResult:
    """Rows written, skipped because the store has a newer row, and left out.

    `newest` is the latest event time of those written and skipped.
    """

    written: int = 0
    skipped: int = 0
    null_keys: int = 0
    ahead: int = 0
    newest: datetime | None = field(default=None, compare=False)

    def __add__(self, other: WriteResult) -> WriteResult:
        return WriteResult(
            self.written + other.written,
            self.skipped + other.skipped,
            self.null_keys + other.null_keys,
            self.ahead + other.ahead,
            max((time for time in (self.newest, other.newest) if time), default=None),
        )


def write(
    connection: Connection,
    view: ViewPlan,
    project: str,
    table: pa.Table | Iterable[pa.RecordBatch],
    options: WriteOptions = DEFAULTS,
) -> WriteResult:
    """Write a table, or a stream of batches, with the view's join keys, features and event time.

    A batch must be answered within the options' timeout. Raises `OnlineStoreUnavailable` or
    `OnlineStoreTimeout` with the rows written so far when the server fails, is full or refuses;
    `ConversionError`, `EntityKeyError` or `ValueError` for rows that cannot be stored;
    `TooManyNullKeysError` when more rows lack a join key than the options allow.
    """
    frames = Frames(view, project, options, by_slot=connection.cluster)
    rows = CLUSTER_BATCH_ROWS if connection.cluster else BATCH_ROWS
    with BlockingStore(connection, None if options.skip_dedup else UPSERT) as store:
        run = _Run(store, frames, options)
        return run.write(run.accepted(view, batch) for batch in _batches(table, rows))


class TooManyNullKeysError(Exception):
    """So many rows lack a join key that the run ends; the first argument is how many so far."""


class _Run:
    """Sends batches; while one is being answered, the next is encoded and sent."""

    def __init__(self, store: BlockingStore, frames: Frames, options: WriteOptions) -> None:
        self._store, self._frames, self._options = store, frames, options
        self._result = WriteResult()

    def accepted(self, view: ViewPlan, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows to write; count the others, up to the limit of the options."""
        found = accepted(batch, view, self._options.timestamp_field)
        self._result += WriteResult(
            null_keys=found.null_keys, ahead=found.ahead, newest=found.newest
        )
        limit = self._options.max_null_keys
        if limit is not None and self._result.null_keys > limit:
            raise TooManyNullKeysError(self._result.null_keys)
        return found.rows

    def write(self, batches: Iterable[pa.RecordBatch]) -> WriteResult:
        """Write all rows, two batches in flight."""
        sent: list[Command] = []
        try:
            for batch in batches:
                if not batch.num_rows:
                    continue
                commands = self._frames.of(batch)
                keys = [key for key, _, _ in commands]
                self._store.send(keys, [data for _, data, _ in commands], self._until())
                self._collect(sent)
                sent = commands
            self._collect(sent)
        except OnlineReadError as error:
            raise type(error)(f"{error} ({self._result.written:,} rows written)") from error
        return self._result

    def _until(self) -> float:
        return monotonic() + self._options.timeout_seconds

    def _collect(self, commands: list[Command]) -> None:
        """Count what one batch wrote; the first error reply ends the run."""
        if not commands:
            return
        replies = self._store.collect(self._until())
        for (_, _, rows), reply in zip(commands, replies, strict=True):
            if isinstance(reply, hiredis.ReplyError):
                raise OnlineStoreUnavailable(str(reply))
            written = rows if self._options.skip_dedup else reply
            self._result += WriteResult(written, rows - written)


def _batches(table: pa.Table | Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    batches = table.to_batches(rows) if isinstance(table, pa.Table) else table
    for batch in batches:
        for start in range(0, batch.num_rows, rows):
            yield batch.slice(start, rows)
