"""The writer: an Arrow table in, Feast's Redis layout out, pipelined and in bounded memory.

    write(connection, view, project, table, options) -> WriteResult(written, skipped)

As in Feast, a row replaces only a row of its view with an older event time. The server compares
the times, so that two writers cannot both pass the check. A row is written whole or not at all, and
writing it again changes nothing: a run that failed halfway is run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import monotonic

import hiredis
import pyarrow as pa

from hotplate.online.blocking.store import BlockingStore
from hotplate.online.connection.config import Connection
from hotplate.online.errors import OnlineReadError, OnlineStoreUnavailable
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
    """Rows written, and rows skipped because the store has a row that is as new or newer."""

    written: int = 0
    skipped: int = 0

    def __add__(self, other: WriteResult) -> WriteResult:
        return WriteResult(self.written + other.written, self.skipped + other.skipped)


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
    `EntityKeyError` or `ValueError` for rows that cannot be stored.
    """
    frames = Frames(view, project, options, by_slot=connection.cluster)
    rows = CLUSTER_BATCH_ROWS if connection.cluster else BATCH_ROWS
    with BlockingStore(connection, None if options.skip_dedup else UPSERT) as store:
        return _Run(store, frames, options).write(_batches(table, rows))


class _Run:
    """Sends batches; while one is being answered, the next is encoded and sent."""

    def __init__(self, store: BlockingStore, frames: Frames, options: WriteOptions) -> None:
        self._store, self._frames, self._options = store, frames, options
        self._result = WriteResult()

    def write(self, batches: Iterable[pa.RecordBatch]) -> WriteResult:
        """Write all rows, two batches in flight."""
        sent: list[Command] = []
        try:
            for batch in batches:
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
