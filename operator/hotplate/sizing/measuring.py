"""Bytes and rows a second of a view's entities, on a real Valkey."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pyarrow as pa
import redis

from hotplate.local.embedded import embedded_valkey
from hotplate.online.connection.config import Connection
from hotplate.online.write.writer import WriteOptions, write
from hotplate.protocol.read_plan import ViewPlan
from hotplate.sizing.calculation import EntityGroup
from hotplate.sizing.synthetic_rows import TIMESTAMP

STEADY_SECONDS = 10.0

Rows = Mapping[str, pa.Table]
"""Rows of each view by its name, with the event time in the column `event_timestamp`."""


def measured(
    views: Sequence[ViewPlan], rows: Rows, project: str, key_ttl_seconds: int | None = None
) -> tuple[EntityGroup, ...]:
    """Write the rows of all views to an embedded Valkey, and return the bytes of each entity."""
    groups: dict[tuple[str, ...], list[ViewPlan]] = {}
    for view in views:
        groups.setdefault(tuple(sorted(key.name for key in view.join_keys)), []).append(view)
    options = WriteOptions(timestamp_field=TIMESTAMP, key_ttl_seconds=key_ttl_seconds)
    with tempfile.TemporaryDirectory() as folder, embedded_valkey(Path(folder)) as url:
        return tuple(
            _measured_group(
                url, join_keys, [(view, rows[view.name]) for view in same], project, options
            )
            for join_keys, same in groups.items()
        )


def _measured_group(
    url: str,
    join_keys: tuple[str, ...],
    views: Sequence[tuple[ViewPlan, pa.Table]],
    project: str,
    options: WriteOptions,
) -> EntityGroup:
    """Write twice, since the first write also loads the script and allocates buffers and pages."""
    connection = Connection.from_url(url)
    with redis.Redis.from_url(url) as client:
        for view, table in views:
            write(connection, view, project, table, options)
        client.flushall()
        before, started = steady_memory(client), monotonic()
        for view, table in views:
            write(connection, view, project, table, options)
        seconds = monotonic() - started
        entities = client.dbsize()
        taken = steady_memory(client) - before
    rows = sum(table.num_rows for _, table in views)
    names = tuple(view.name for view, _ in views)
    return EntityGroup(join_keys, names, taken / entities, rows / seconds)


def steady_memory(client: redis.Redis) -> int:
    """Return the memory of the data once it is stable, as tables still grow after a write."""
    until, last = monotonic() + STEADY_SECONDS, -1
    while (now := _memory(client)) != last and monotonic() < until:
        last = now
        sleep(0.3)
    return now


def _memory(client: redis.Redis) -> int:
    """Return `used_memory` without that of clients and the append-only file's buffer."""
    stats: Any = client.memory_stats()
    return int(stats["total.allocated"] - stats["clients.normal"] - stats["aof.buffer"])
