"""The writer: an Arrow table in, Feast's Redis layout out, pipelined and in bounded memory.

    write(connection, view, project, table, options) -> WriteResult(written, skipped)

Feast's rule holds: a row replaces only a row with an older event time of its view. The server
itself compares, in a script that takes `SCRIPT_ROWS` rows a call, so that two writers cannot both
pass the check. A row is written whole or not at all, and writing it again changes nothing: a run
that failed half way is simply run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat

import hiredis
import mmh3
import pyarrow as pa

from hotplate.online.blocking import BlockingLink
from hotplate.online.connection import Connection
from hotplate.online.encoding import bulks, event_times, key_values
from hotplate.online.errors import OnlineStoreUnavailable
from hotplate.online.keys import key_of
from hotplate.online.read_plan import ViewPlan
from hotplate.online.resp import bulk
from hotplate.online.script import SCRIPT_ROWS, UPSERT

BATCH_ROWS = 20_000
"""Rows encoded at a time; two batches are in memory: one being sent, one answered."""


@dataclass(frozen=True)
class WriteOptions:
    """How to write; `skip_dedup` writes every row without a look at what is there."""

    timestamp_field: str = "event_timestamp"
    key_ttl_seconds: int | None = None
    skip_dedup: bool = False
    timeout_seconds: float = 30.0


@dataclass(frozen=True)
class WriteResult:
    """Rows written, and rows skipped because the store has a row as new as they are."""

    written: int = 0
    skipped: int = 0

    def __add__(self, other: WriteResult) -> WriteResult:
        return WriteResult(self.written + other.written, self.skipped + other.skipped)


def field_of(view: str, feature: str) -> bytes:
    """Return the field of a feature in the Redis hash: murmur3 of `view:feature`, 4 bytes."""
    return mmh3.hash(f"{view}:{feature}", signed=False).to_bytes(4, "little")


def write(
    connection: Connection,
    view: ViewPlan,
    project: str,
    table: pa.Table | Iterable[pa.RecordBatch],
    options: WriteOptions = WriteOptions(),
) -> WriteResult:
    """Write a table, or a stream of batches, with the view's join keys, features and event time.

    Raises `OnlineStoreUnavailable` with the rows written so far when the server fails, is full or
    refuses; `EntityKeyError` or `ValueError` for rows that no store could hold.
    """
    with BlockingLink(
        connection, connection.host, connection.port, options.timeout_seconds
    ) as link:
        sha = b"" if options.skip_dedup else link.ask("SCRIPT", "LOAD", UPSERT)
        return _Run(link, _Frames(view, project, options, sha)).write(_batches(table))


class _Frames:
    """Turns a batch of rows into commands."""

    def __init__(self, view: ViewPlan, project: str, options: WriteOptions, sha: bytes) -> None:
        self._view, self._options, self._sha = view, options, sha
        self.counts = bool(sha)
        self._key = key_of(view.join_keys, project)
        names = [field_of(view.name, feature.name) for feature in view.features]
        self._fields = [bulk(f"_ts:{view.name}".encode()), *map(bulk, names)]

    def of(self, batch: pa.RecordBatch) -> list[bytes]:
        """Return the commands of a batch."""
        keys = self._keys(batch)
        times = event_times(batch.column(self._options.timestamp_field))
        columns = [bulks(batch.column(f.name), f.dtype) for f in self._view.features]
        return (
            self._hsets(keys, [times, *columns])
            if not self._sha
            else self._scripts(keys, list(zip(times, *columns, strict=True)))
        )

    def _keys(self, batch: pa.RecordBatch) -> list[bytes]:
        names = [join_key.name for join_key in self._view.join_keys]
        columns = [key_values(batch.column(key.name), key.dtype) for key in self._view.join_keys]
        rows = (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))
        return [bulk(self._key(row)) for row in rows]

    def _hsets(self, keys: list[bytes], columns: list[list[bytes]]) -> list[bytes]:
        head = b"*%d\r\n$4\r\nHSET\r\n" % (2 + 2 * len(columns))
        pairs = chain.from_iterable(zip(map(repeat, self._fields), columns, strict=True))
        rows = map(b"".join, zip(repeat(head), keys, *pairs))
        ttl = self._options.key_ttl_seconds
        if not ttl:
            return list(rows)
        expire = b"*3\r\n$6\r\nEXPIRE\r\n%b" + bulk(str(ttl).encode())
        return list(chain.from_iterable(zip(rows, (expire % key for key in keys), strict=True)))

    def _scripts(self, keys: list[bytes], rows: list[tuple[bytes, ...]]) -> list[bytes]:
        count, ttl = len(self._fields), self._options.key_ttl_seconds or 0
        head = b"$7\r\nEVALSHA\r\n" + bulk(self._sha)
        fixed = b"".join([bulk(b"%d" % count), bulk(b"%d" % ttl), *self._fields])
        commands = []
        for at in range(0, len(keys), SCRIPT_ROWS):
            some = keys[at : at + SCRIPT_ROWS]
            size = 5 + count + len(some) * (1 + count)
            values = chain.from_iterable(rows[at : at + SCRIPT_ROWS])
            parts = [b"*%d\r\n" % size, head, bulk(b"%d" % len(some)), *some, fixed, *values]
            commands.append(b"".join(parts))
        return commands


class _Run:
    """Sends batches; while one is being answered, the next is encoded and sent."""

    def __init__(self, link: BlockingLink, frames: _Frames) -> None:
        self._link, self._frames = link, frames
        self._result = WriteResult()

    def write(self, batches: Iterable[pa.RecordBatch]) -> WriteResult:
        """Write all rows, two batches in flight."""
        replies = rows = 0
        for batch in batches:
            commands = self._frames.of(batch)
            self._link.send(b"".join(commands))
            self._collect(replies, rows)
            replies, rows = len(commands), batch.num_rows
        self._collect(replies, rows)
        return self._result

    def _collect(self, replies: int, rows: int) -> None:
        """Count what one batch wrote; the first error reply ends the run."""
        written = 0
        for reply in self._link.receive(replies):
            if isinstance(reply, hiredis.ReplyError):
                done = self._result.written + written
                raise OnlineStoreUnavailable(f"{self._link.address}: {reply} ({done} rows written)")
            written += reply if self._frames.counts else 0
        written = written if self._frames.counts else rows
        self._result += WriteResult(written, rows - written)


def _batches(table: pa.Table | Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    batches = table.to_batches(BATCH_ROWS) if isinstance(table, pa.Table) else table
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH_ROWS):
            yield batch.slice(start, BATCH_ROWS)
