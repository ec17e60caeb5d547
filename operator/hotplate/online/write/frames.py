"""Batches of rows as commands: calls of the script that keeps the newer row, or plain HSETs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby, islice, repeat
from typing import TypeAlias

import pyarrow as pa

from hotplate.online.connection.resp import bulk
from hotplate.online.connection.routing import slot_of
from hotplate.online.layout.fields import field_of
from hotplate.online.layout.keys import redis_key
from hotplate.online.write.acceptance import latest_accepted
from hotplate.online.write.encoding import bulks, event_times, key_values
from hotplate.online.write.refusals import ConversionError
from hotplate.online.write.upsert_script import SCRIPT_ROWS, UPSERT_SHA
from hotplate.protocol.read_plan import FeaturePlan, ViewPlan

Command: TypeAlias = tuple[bytes, bytes, int]
"""A key that tells the shard, the command, and how many rows it writes."""

Row: TypeAlias = tuple[bytes, tuple[bytes, ...]]


@dataclass(frozen=True)
class WriteOptions:
    """How to write; `skip_dedup` writes every row, even over a newer one.

    A run ends once more than `max_null_keys` rows lack a join key; None is no limit.
    """

    timestamp_field: str = "event_timestamp"
    key_ttl_seconds: int | None = None
    skip_dedup: bool = False
    timeout_seconds: float = 30.0
    max_null_keys: int | None = None


DEFAULTS = WriteOptions()


class Frames:
    """Turns batches of one view's rows into commands; on a cluster a call holds one slot's rows."""

    def __init__(
        self, view: ViewPlan, project: str, options: WriteOptions, by_slot: bool = False
    ) -> None:
        self._view, self._options, self._by_slot = view, options, by_slot
        self._key = redis_key(view.join_keys, project)
        names = [field_of(view.name, feature.name) for feature in view.features]
        self._fields = [bulk(f"_ts:{view.name}".encode()), *map(bulk, names)]

    def of(self, batch: pa.RecordBatch) -> list[Command]:
        """Return the commands of a batch."""
        keys = self._keys(batch)
        times = event_times(batch.column(self._options.timestamp_field))
        columns = [self._column(batch, feature) for feature in self._view.features]
        if self._options.skip_dedup:
            return self._hsets(keys, [times, *columns])
        return self._scripts(list(zip(keys, zip(times, *columns, strict=True), strict=True)))

    def _column(self, batch: pa.RecordBatch, feature: FeaturePlan) -> list[bytes]:
        try:
            return bulks(batch.column(feature.name), feature.dtype)
        except ConversionError as error:
            raise ConversionError(f"feature {feature.name}: {error}") from error

    def _keys(self, batch: pa.RecordBatch) -> list[bytes]:
        names = [join_key.name for join_key in self._view.join_keys]
        columns = [key_values(batch.column(key.name), key.dtype) for key in self._view.join_keys]
        rows = (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))
        return [self._key(row) for row in rows]

    def _hsets(self, keys: list[bytes], columns: list[list[bytes]]) -> list[Command]:
        head = b"*%d\r\n$4\r\nHSET\r\n" % (2 + 2 * len(columns))
        pairs = chain.from_iterable(zip(map(repeat, self._fields), columns, strict=True))
        rows = map(b"".join, zip(repeat(head), map(bulk, keys), *pairs))
        commands = [(key, row, 1) for key, row in zip(keys, rows, strict=True)]
        ttl = self._options.key_ttl_seconds
        if not ttl:
            return commands
        expire = b"*3\r\n$6\r\nEXPIRE\r\n%b" + bulk(b"%d" % ttl)
        expires = [(key, expire % bulk(key), 0) for key in keys]
        return list(chain.from_iterable(zip(commands, expires, strict=True)))

    def _scripts(self, rows: list[Row]) -> list[Command]:
        if not self._by_slot:
            return [
                self._script(rows[at : at + SCRIPT_ROWS]) for at in range(0, len(rows), SCRIPT_ROWS)
            ]
        slots = [slot_of(key) for key, _ in rows]
        by_slot = sorted(range(len(rows)), key=slots.__getitem__)
        groups = (map(rows.__getitem__, same) for _, same in groupby(by_slot, slots.__getitem__))
        return [self._script(some) for group in groups for some in _chunks(group)]

    def _script(self, rows: list[Row]) -> Command:
        count, ttl = len(self._fields), self._options.key_ttl_seconds or 0
        size = 6 + count + len(rows) * (1 + count)
        parts = [
            b"*%d\r\n$7\r\nEVALSHA\r\n" % size,
            bulk(UPSERT_SHA.encode()),
            bulk(b"%d" % len(rows)),
            *(bulk(key) for key, _ in rows),
            bulk(b"%d" % count),
            bulk(b"%d" % ttl),
            bulk(b"%d" % latest_accepted()),
            *self._fields,
            *chain.from_iterable(values for _, values in rows),
        ]
        return rows[0][0], b"".join(parts), len(rows)


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(islice(rows, SCRIPT_ROWS)):
        yield some
