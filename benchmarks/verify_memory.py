"""Verify a view of ten million rows: the memory of the Job must not grow with the view.

    PYTHONPATH=operator:tests python -m benchmarks.verify_memory [ROWS]

Every row is of another entity, the worst case for a sample of entities. Materialization and
verification are processes of their own, so that the peak is that of verification, from its start.
Exits with 1 when it takes more than a GiB.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.online_world import NOW
from support.valkey.server import valkey_server

ROWS = 10_000_000
CHUNK = 1_000_000
LIMIT_MB = 1024
DEFINITIONS = """\
from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.types import Float64, Int64, String

user = Entity(name="user", value_type=ValueType.INT64)
source = FileSource(name="facts", path="facts.parquet", timestamp_field="event_timestamp")
schema = [Field(name="user", dtype=Int64), Field(name="count", dtype=Int64),
          Field(name="rate", dtype=Float64), Field(name="city", dtype=String)]
facts = FeatureView(name="facts", entities=[user], ttl=timedelta(days=30), schema=schema,
                    source=source)
all_facts = FeatureService(name="all_facts", features=[facts])
"""


def main(rows: int) -> int:
    """Write the file, materialize it and verify it; print seconds and the peak."""
    with tempfile.TemporaryDirectory() as folder, valkey_server() as server:
        (Path(folder) / "definitions.py").write_text(DEFINITIONS)
        _write(Path(folder) / "facts.parquet", rows)
        for job in ("materialize", "verify"):
            found = _in_process(job, folder, server.port)
            print(f"{job} {rows:,} rows: {found['seconds']:.0f} s, {found['peak_mb']:.0f} MB")
    return int(found["peak_mb"] > LIMIT_MB)


def _write(path: Path, rows: int) -> None:
    """Write the rows in order of chance, in row groups of a million."""
    chance = np.random.default_rng(1)
    users = chance.permutation(rows)
    kind = pa.schema(
        [("user", pa.int64()), ("count", pa.int64()), ("rate", pa.float64()), ("city", pa.string()),
         ("event_timestamp", pa.timestamp("us", "UTC"))]
    )  # fmt: skip
    with pq.ParquetWriter(path, kind) as writer:
        for at in range(0, rows, CHUNK):
            part = users[at : at + CHUNK]
            age = chance.integers(3_600, 86_400, len(part)) * 1_000_000
            times = np.int64(NOW.timestamp() * 1_000_000) - age
            columns = [part, part % 1000, part / 7, [f"city {n}" for n in part % 10_000], times]
            arrays = [pa.array(c).cast(f.type) for c, f in zip(columns, kind, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=kind))


def _in_process(job: str, folder: str, port: int) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.verify_memory", job, folder]
    done = subprocess.run([*command, str(port)], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _job(job: str, folder: Path, port: int) -> dict[str, float]:
    from benchmarks.online_write import _resource
    from hotplate import jobs

    workspace = jobs.Workspace(_resource(folder), folder, f"redis://127.0.0.1:{port}")
    started = perf_counter()
    result: Any
    if job == "materialize":
        jobs.apply(workspace)
        result = jobs.materialize(workspace, "facts")
    else:
        result = jobs.verify(workspace)
    print(result.to_json(), file=sys.stderr)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": perf_counter() - started, "peak_mb": peak}


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(_job(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
