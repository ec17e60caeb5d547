"""Materialize a million persons of one parquet file: `feast materialize` and Hotplate's Job.

Feast writes batches of 10,000; Hotplate's side is what `hotplate job materialize` and `hotplate up`
run. Each is a process of its own, so that its peak memory is its own, from its start to the last
row. Both may use both cores: the server has one of them.
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

from benchmarks.harness import Figure, Report
from hotplate.online.feast.acl import RESERVED_PREFIX
from support.valkey.server import valkey_server

ROWS = 1_000_000
VIEW = "credit_history"
DAY = timedelta(days=1)
DEFINITIONS = """\
from pathlib import Path

from benchmarks import online_world

(zipcode, dob_ssn, zipcode_features, credit_history, scoring) = online_world.definitions(
    Path(__file__).parent
)
"""
SIDES = ("Hotplate", "Feast, batches of 10,000")


def measure(rows: int = ROWS) -> Report:
    """Return rows a second and peak memory of both sides."""
    report = Report()
    found: dict[str, dict[str, float]] = {}
    from benchmarks import online_world as world

    with tempfile.TemporaryDirectory() as folder, valkey_server() as server:
        pq.write_table(world.history(rows), Path(folder) / "credit_history.parquet")
        for side in SIDES:
            redis.Redis(port=server.port).flushall()
            found[side] = _in_process(side, folder, server.port)
            keys = _rows(redis.Redis(port=server.port))
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


def _rows(client: redis.Redis) -> int:
    """Return how many rows there are: all keys but Hotplate's notes."""
    return int(client.dbsize()) - sum(
        1 for _ in client.scan_iter(f"{RESERVED_PREFIX}*", count=100_000)
    )


def _side(side: str, folder: Path, port: int) -> dict[str, float]:
    by = _by_hotplate if side == SIDES[0] else _by_feast
    seconds = by(folder, port)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = _rows(redis.Redis(port=port))
    return {"rows": rows, "per_second": round(rows / seconds), "peak_mb": round(peak)}


def _batches(config: Any) -> Any:
    return config.model_copy(update={"online_write_batch_size": 10_000})


def _by_feast(folder: Path, port: int) -> float:
    from feast import FeatureStore

    from benchmarks import online_world as world

    config = world.repo_config(folder, connection_string=f"127.0.0.1:{port}")
    batches = {"materialization_config": _batches(config.materialization_config)}
    store = FeatureStore(config=config.model_copy(update=batches))
    store.apply(world.definitions(folder))
    started = perf_counter()
    store.materialize(world.NOW - DAY, world.NOW + DAY, [VIEW])
    return perf_counter() - started


def _by_hotplate(folder: Path, port: int) -> float:
    from benchmarks import online_world as world
    from hotplate import jobs

    (folder / "definitions.py").write_text(DEFINITIONS)
    workspace = jobs.Workspace(_resource(folder), folder, f"redis://127.0.0.1:{port}")
    jobs.apply(workspace)
    started = perf_counter()
    jobs.materialize(workspace, VIEW, jobs.Window(world.NOW - DAY, world.NOW + DAY))
    return perf_counter() - started


def _resource(folder: Path) -> Any:
    from hotplate.api import parse_resource

    spec = {
        "project": "credit_scoring",
        "definitions": {"configMap": {"name": "definitions"}},
        "registry": {"file": {"path": str(folder / "hotplate.db"), "claimName": "registry"}},
        "onlineStore": {"embedded": {}},
        "offlineStore": {"file": {}},
        "artifacts": f"file://{folder}/artifacts",
    }
    kind = {"apiVersion": "hotplate.dev/v1alpha1", "kind": "FeatureStore"}
    return parse_resource(kind | {"metadata": {"name": "credit-scoring"}, "spec": spec})


if __name__ == "__main__":
    print(json.dumps(_side(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
