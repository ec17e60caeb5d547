"""The operator with many resources: from created to Ready, and with nothing to do.

    python -m benchmarks.operator_scale [--counts 100 250 500] [--contender hotplate] [--quick]

Each count is so many FeatureStores of five views and as many ModelDeployments, on a real API
server; Jobs end at once with the results of real ones (simulated_cluster). The operator has one
core, all else has the others. `plain` is the same under plain Kopf handlers (plain_operator). What
has no event is measured with a resync every 20 s and told for the default of 300 s: twelve an hour.

Writes benchmarks/results/operator_scale.json, unless --quick; a run of one contender leaves the
other's results there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.harness import CORE, Figure, machine
from benchmarks.simulated_cluster import (
    HOTPLATE,
    NAMESPACE,
    Requests,
    SimulatedCluster,
    simulated_cluster,
)
from cluster.processes import free_port
from resources import feature_store_document, model_deployment_document

CONTENDERS = {"hotplate": "hotplate.controller", "plain": "benchmarks.plain_operator"}
COUNTS = [100, 250, 500]
VIEWS = [f"view_{number}" for number in range(5)]
RESYNC, DEFAULT_RESYNC = 20, 300
STEADY_SECONDS = 40.0
LONGEST = 400.0
WRITES = ("APPLY", "PATCH", "POST", "PUT", "DELETE")
RESULTS = Path(__file__).parent / "results" / "operator_scale.json"


@dataclass(frozen=True)
class Scale:
    """What was measured of one operator; CPU in seconds, memory in MiB."""

    contender: str
    count: int
    seconds_to_ready: float
    writes_of_a_feature_store: float
    reads_of_a_feature_store: float
    writes_of_a_model_deployment: float
    reads_of_a_model_deployment: float
    cpu_to_ready: float
    resident: float
    steady_writes_an_hour: float
    steady_reads_an_hour: float
    steady_cpu_an_hour: float

    @property
    def reconciled_a_second(self) -> float:
        """Resources reconciled in a second of CPU when nothing is to be done."""
        return 2 * self.count * 3600 / DEFAULT_RESYNC / self.steady_cpu_an_hour


class Operator:
    """A running operator's process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._folder = Path(f"/proc/{process.pid}")

    @property
    def cpu(self) -> float:
        """Seconds on the core, of the process and of the system for it."""
        fields = (self._folder / "stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def resident(self) -> float:
        """The most MiB that were ever resident."""
        lines = (self._folder / "status").read_text().splitlines()
        (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
        return int(peak) / 1024


def store(number: int) -> dict[str, Any]:
    document = feature_store_document(
        f"store-{number:04}",
        project=f"project_{number:04}",
        definitions={"git": {"url": "https://example.com/features.git"}},
        registry={"s3": {"path": f"s3://features/{number}/registry.db"}},
        onlineStore={"elastiCache": {"endpoint": "features.example.com:6379", "mode": "Cluster"}},
        artifacts="s3://features/artifacts",
        materialization={"views": [{"name": name} for name in VIEWS], "parallelism": 5},
    )
    return document | {"metadata": document["metadata"] | {"namespace": NAMESPACE}}


def model(number: int) -> dict[str, Any]:
    document = model_deployment_document(
        f"model-{number:04}",
        featureStoreRef={"name": f"store-{number:04}"},
        model={"store": "s3://models"},
    )
    return document | {"metadata": document["metadata"] | {"namespace": NAMESPACE}}


@contextmanager
def operator(contender: str, kubeconfig: Path, resync: int) -> Iterator[Operator]:
    """Run an operator on its core for as long as the block lasts."""
    environment = {
        "KUBECONFIG": str(kubeconfig),
        "HOTPLATE_NAMESPACES": NAMESPACE,
        "HOTPLATE_LIVENESS": f"http://127.0.0.1:{free_port()}/healthz",
        "HOTPLATE_METRICS": f"127.0.0.1:{free_port()}",
        "HOTPLATE_RESYNC": str(resync),
    }
    log = (kubeconfig.parent / f"{contender}.log").open("ab")
    command = [sys.executable, "-m", CONTENDERS[contender]]
    with log, subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log) as it:
        os.sched_setaffinity(it.pid, {CORE})
        try:
            yield Operator(it)
        finally:
            it.kill()


async def measured(contender: str, count: int, folder: Path, steady: float) -> Scale:
    async with simulated_cluster(folder, VIEWS) as (cluster, kubeconfig):
        with operator(contender, kubeconfig, DEFAULT_RESYNC) as running:
            started, first = time.monotonic(), await cluster.requests()
            await _create(cluster, "featurestores", [store(each) for each in range(count)])
            await cluster.until_ready(count, LONGEST)
            second = await cluster.requests()
            await _create(cluster, "modeldeployments", [model(each) for each in range(count)])
            await cluster.until_ready(2 * count, LONGEST)
            to_ready = time.monotonic() - started
            cpu = running.cpu
            await _quiet(cluster)
            third, resident = await cluster.requests(), running.resident
        with operator(contender, kubeconfig, RESYNC) as running:
            await _caught_up(cluster, count)
            before, cpu_before = await cluster.requests(), running.cpu
            await asyncio.sleep(steady)
            after, cpu_after = await cluster.requests(), running.cpu
            resident = max(resident, running.resident)
    hourly = 3600 / steady * RESYNC / DEFAULT_RESYNC
    return Scale(
        contender,
        count,
        to_ready,
        _writes(second - first) / count,
        _reads(second - first) / count,
        _writes(third - second) / count,
        _reads(third - second) / count,
        cpu,
        resident,
        _writes(after - before) * hourly,
        _reads(after - before) * hourly,
        (cpu_after - cpu_before) * hourly,
    )


async def _create(cluster: SimulatedCluster, plural: str, bodies: list[dict[str, Any]]) -> None:
    await asyncio.gather(*(cluster.create(f"{HOTPLATE}/{plural}", body) for body in bodies))


async def _quiet(cluster: SimulatedCluster) -> None:
    """Wait until the operator has asked for nothing for two seconds."""
    before = await cluster.requests()
    while True:
        await asyncio.sleep(2)
        if (now := await cluster.requests()) == before:
            return
        before = now


async def _caught_up(cluster: SimulatedCluster, count: int) -> None:
    """Wait until a new operator has read, and so reconciled, each resource."""
    before = await cluster.requests()
    while True:
        await asyncio.sleep(1)
        now = await cluster.requests() - before
        if min(now["GET", "modeldeployments"], now["GET", "featurestores"]) >= count:
            return


def _writes(requests: Requests) -> int:
    return sum(count for (verb, _), count in requests.items() if verb in WRITES)


def _reads(requests: Requests) -> int:
    return requests.total() - _writes(requests)


def figures(scales: list[Scale]) -> list[Figure]:
    """Return what must be true of Hotplate's operator at the largest count, and of its growth."""
    if not any(each.contender == "hotplate" for each in scales):
        return []
    own = sorted(
        (each for each in scales if each.contender == "hotplate"), key=lambda each: each.count
    )
    small, large = own[0], own[-1]
    growth = (large.cpu_to_ready / large.count) / (small.cpu_to_ready / small.count)
    linear = Figure(f"CPU of a resource, of {large.count} to of {small.count}", growth, 1.3, 1.0)
    return [
        Figure(
            "API writes of a FeatureStore, created to Ready",
            large.writes_of_a_feature_store,
            25,
            25,
        ),
        Figure("API writes an hour with nothing to do", large.steady_writes_an_hour, 0, 0),
        Figure("MiB resident", large.resident, 250, 250),
        Figure(
            "resources reconciled a second of CPU", large.reconciled_a_second, 20, 20, at_least=True
        ),
        *([linear] if small != large else []),
    ]


def show(scales: list[Scale], found: list[Figure]) -> None:
    console = Console()
    table = Table("", *(f"{each.contender} {each.count}" for each in scales))
    for name in list(asdict(scales[0]))[2:]:
        values = (getattr(each, name) for each in scales)
        table.add_row(name.replace("_", " "), *(f"{value:,.1f}" for value in values))
    rates = (f"{each.reconciled_a_second:,.1f}" for each in scales)
    table.add_row("reconciled a second of CPU", *rates)
    console.print(table)
    table = Table("figure", "measured", "must", "")
    for figure in found:
        sign = ">=" if figure.at_least else "<="
        verdict = "ok" if figure.ok else "MISSED"
        table.add_row(figure.name, f"{figure.value:.3g}", f"{sign} {figure.must:.3g}", verdict)
    console.print(table)


def kept() -> list[Scale]:
    """Return the scales of earlier runs."""
    if not RESULTS.is_file():
        return []
    return [Scale(**each) for each in json.loads(RESULTS.read_text())["scales"]]


def keep(scales: list[Scale]) -> list[Scale]:
    """Write the scales, with those of earlier runs of what was not measured now; return all."""
    measured_now = {(each.contender, each.count) for each in scales}
    earlier = [each for each in kept() if (each.contender, each.count) not in measured_now]
    found = sorted([*earlier, *scales], key=lambda each: (each.contender, each.count))
    data = {"machine": machine(), "scales": [asdict(each) for each in found]}
    data["figures"] = [asdict(each) | {"ok": each.ok} for each in figures(found)]
    RESULTS.write_text(json.dumps(data, indent=1) + "\n")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--contender", choices=CONTENDERS, action="append")
    parser.add_argument("--quick", action="store_true", help="10 and 20 of each, nothing kept")
    options = parser.parse_args()
    counts, steady = ([10, 20], 20.0) if options.quick else (options.counts, STEADY_SECONDS)
    os.sched_setaffinity(0, set(os.sched_getaffinity(0)) - {CORE} or {CORE})
    wanted = options.contender or list(CONTENDERS)
    sizes = {"hotplate": counts, "plain": counts[-1:]}
    scales = []
    for contender, count in ((each, size) for each in wanted for size in sizes[each]):
        print(f"{contender} with {count} of each ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="hotplate-scale-") as folder:
            scales.append(asyncio.run(measured(contender, count, Path(folder), steady)))
        found = scales if options.quick else keep(scales)
    told = figures(found)
    show(found, told)
    return 0 if all(each.ok for each in told) else 1


if __name__ == "__main__":
    sys.exit(main())
