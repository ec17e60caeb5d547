"""What `hotplate size` says of a sample, and what a million persons take."""

from __future__ import annotations

import tempfile
from pathlib import Path

import redis

from benchmarks import online_world as world
from benchmarks.harness import Figure, Report
from hotplate.local.embedded import embedded_valkey
from hotplate.online.connection import Connection
from hotplate.online.writer import write
from hotplate.sizing.measuring import measured, steady_memory

ROWS = 1_000_000
SAMPLE = 50_000


def measure(rows: int = ROWS) -> Report:
    """Return the bytes of an entity by sample and by load, and how far they are apart."""
    view = world.view_plans()[1]
    table = world.history(rows)
    (group,) = measured([view], {view.name: table.slice(0, SAMPLE)}, world.PROJECT)
    with tempfile.TemporaryDirectory() as folder, embedded_valkey(Path(folder)) as url:
        client = redis.Redis.from_url(url)
        before = steady_memory(client)
        write(Connection.from_url(url), view, world.PROJECT, table)
        loaded = (steady_memory(client) - before) / client.dbsize()
    report = Report()
    for contender, found in ((f"{SAMPLE:,} rows", group.bytes), (f"{rows:,} rows", loaded)):
        report.rows.append({"benchmark": "size", "contender": contender, "bytes": round(found, 1)})
    apart = abs(group.bytes / loaded - 1)
    report.figures.append(Figure(f"bytes an entity, sample to {rows:,} rows", apart, 0.1, 0.03))
    return report
