"""What `hotplate size` says of a sample, what a million persons take, and what their reads cost."""

from __future__ import annotations

import statistics
import tempfile
from itertools import islice
from pathlib import Path

import redis

from benchmarks import online_world as world
from benchmarks.harness import RUNS, Figure, Report
from benchmarks.server_reads import Command, reads_per_core
from hotplate.local.embedded import embedded_valkey
from hotplate.online.connection.config import Connection
from hotplate.online.write.writer import write
from hotplate.protocol.read_plan import ViewPlan
from hotplate.sizing.calculation import LOAD
from hotplate.sizing.measuring import measured, steady_memory

ROWS = 1_000_000
SAMPLE = 50_000
KEYS = 10_000
ROUNDS = 600
PLAIN = b"x" * 512
"""The value that AWS's published reads a second are of."""


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
        rates = _rates(client, view)
    report = Report()
    for contender, found in ((f"{SAMPLE:,} rows", group.bytes), (f"{rows:,} rows", loaded)):
        report.rows.append({"benchmark": "size", "contender": contender, "bytes": round(found, 1)})
    apart = abs(group.bytes / loaded - 1)
    report.figures.append(Figure(f"bytes an entity, sample to {rows:,} rows", apart, 0.1, 0.03))
    for name, rate in rates.items():
        row = {"benchmark": "server", "contender": name, "reads/s a core": round(rate)}
        report.rows.append(row)
    plain, fields = rates.values()
    name = "reads a core, HMGET of a row / GET of 512 bytes"
    report.figures.append(Figure(name, fields / plain, LOAD, 0.9, at_least=True))
    return report


def _rates(client: redis.Redis, view: ViewPlan) -> dict[str, float]:
    """Return how many reads a second of the server's thread are answered: plain ones, and rows."""
    persons = list(islice(client.scan_iter(count=KEYS), KEYS))
    values = [f"plain:{number}".encode() for number in range(KEYS)]
    client.mset(dict.fromkeys(values, PLAIN))
    fields = [bytes.fromhex(feature.field_hex) for feature in view.features]
    fields.append(f"_ts:{view.name}".encode())
    asked: dict[str, list[Command]] = {
        "GET of 512 bytes": [(b"GET", key) for key in values],
        f"HMGET of {len(fields)} fields": [(b"HMGET", key, *fields) for key in persons],
    }
    turns = [
        {name: reads_per_core(client, commands, ROUNDS) for name, commands in asked.items()}
        for _ in range(RUNS)
    ]
    return {name: statistics.median(turn[name] for turn in turns) for name in asked}
