"""The operator with many resources: from created to Ready, and with nothing to do.

    python -m benchmarks.operator_scale [--counts 100 500] [--contender hotplate] [--quick]

Each count is so many FeatureStores of five views and as many ModelDeployments, on a real API
server; Jobs end at once with the results of real ones (simulated_cluster). The operator has one
core, all else has the others. `plain` is the largest count under plain Kopf handlers
(plain_operator). A contender that is not done after --longest seconds is told with what it did
until then. Resyncs are measured one by one, at 30 s, and told for the default of 300 s.

Writes benchmarks/results/operator_scale.json, unless --quick, anew after each contender and count.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.harness import CORE
from benchmarks.operator_figures import RESYNC, Scale, figures, keep, show
from benchmarks.simulated_cluster import (
    HOTPLATE,
    NAMESPACE,
    Requests,
    SimulatedCluster,
    simulated_cluster,
)
from cluster.processes import free_port
from support.api.resources import feature_store_document, model_deployment_document

CONTENDERS = {"hotplate": "hotplate.controller", "plain": "benchmarks.plain_operator"}
COUNTS = [100, 500]
VIEWS = [f"view_{number}" for number in range(5)]
OFTEN = 30
"""Seconds between two resyncs while they are measured."""

STEADY_SECONDS = 30.0
CATCH_UP_SECONDS = 60.0
QUIET_SECONDS = 10.0
LONGEST = 240.0
WRITES = ("APPLY", "PATCH", "POST", "PUT", "DELETE")


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
        definitions={"git": {"url": "https://example.com/features.git", "interval": "30d"}},
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


async def measured(contender: str, count: int, folder: Path, longest: float) -> Scale:
    """Measure an operator from nothing to all Ready, then a new one with nothing to do."""
    async with simulated_cluster(folder, VIEWS) as (cluster, kubeconfig):
        scale = await _from_nothing(contender, count, (cluster, kubeconfig), longest)
        return await _with_nothing_to_do(scale, cluster, kubeconfig)


async def _from_nothing(
    contender: str, count: int, world: tuple[SimulatedCluster, Path], longest: float
) -> Scale:
    """Create all FeatureStores, then all ModelDeployments, and wait until they are Ready.

    Where FeatureStores are not in half the time, what ModelDeployments take cannot be told apart.
    """
    cluster, kubeconfig = world
    with operator(contender, kubeconfig, RESYNC) as running:
        started, first = time.monotonic(), await cluster.requests()
        await _create(cluster, "featurestores", [store(each) for each in range(count)])
        are_ready = await cluster.until_ready(count, longest / 2)
        second = await cluster.requests()
        await _create(cluster, "modeldeployments", [model(each) for each in range(count)])
        await cluster.until_ready(2 * count, longest - (time.monotonic() - started))
        seconds, cpu, ready = time.monotonic() - started, running.cpu, len(cluster.ready)
        await _quiet(cluster)
        third, resident = await cluster.requests(), running.resident
    return Scale(
        contender=contender,
        count=count,
        ready=ready,
        seconds_to_ready=seconds,
        writes_of_a_feature_store=_writes(second - first) / count,
        reads_of_a_feature_store=_reads(second - first) / count,
        writes_of_a_model_deployment=_writes(third - second) / count if are_ready else None,
        reads_of_a_model_deployment=_reads(third - second) / count if are_ready else None,
        cpu_to_ready=cpu,
        resident=resident,
    )


async def _with_nothing_to_do(scale: Scale, cluster: SimulatedCluster, kubeconfig: Path) -> Scale:
    """Restart the operator, and measure its resyncs once it has seen everything."""
    with operator(scale.contender, kubeconfig, OFTEN) as running:
        if not await _caught_up(cluster, scale.count):
            return replace(scale, resident=max(scale.resident, running.resident))
        before, cpu_before = await cluster.requests(), running.cpu
        await asyncio.sleep(STEADY_SECONDS)
        did, cpu = await cluster.requests() - before, running.cpu - cpu_before
        resident = running.resident
    reconciled = 2 * did["GET", "modeldeployments"]  # each is read once; there are as many stores
    return replace(
        scale,
        resident=max(scale.resident, resident),
        writes_of_a_resync=_writes(did) / reconciled,
        reads_of_a_resync=_reads(did) / reconciled,
        cpu_of_a_resync=cpu / reconciled,
    )


async def _create(cluster: SimulatedCluster, plural: str, bodies: list[dict[str, Any]]) -> None:
    await asyncio.gather(*(cluster.create(f"{HOTPLATE}/{plural}", body) for body in bodies))


async def _quiet(cluster: SimulatedCluster) -> None:
    """Wait until the operator has asked for nothing for two seconds, if it ever does."""
    before, deadline = await cluster.requests(), time.monotonic() + QUIET_SECONDS
    while time.monotonic() < deadline:
        await asyncio.sleep(2)
        if (now := await cluster.requests()) == before:
            return
        before = now


async def _caught_up(cluster: SimulatedCluster, count: int) -> bool:
    """Wait until a new operator has read each resource, and all are Ready; return whether."""
    before, deadline = await cluster.requests(), time.monotonic() + CATCH_UP_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        await asyncio.sleep(1)
        now = await cluster.requests() - before
        if min(now["GET", "modeldeployments"], now["GET", "featurestores"]) >= count:
            return await cluster.until_ready(2 * count, left)
    return False


def _writes(requests: Requests) -> int:
    return sum(count for (verb, _), count in requests.items() if verb in WRITES)


def _reads(requests: Requests) -> int:
    return requests.total() - _writes(requests)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--contender", choices=CONTENDERS, action="append")
    parser.add_argument("--longest", type=float, default=LONGEST, help="seconds until all Ready")
    parser.add_argument("--quick", action="store_true", help="10 and 20 of each, nothing kept")
    options = parser.parse_args()
    counts = [10, 20] if options.quick else options.counts
    os.sched_setaffinity(0, set(os.sched_getaffinity(0)) - {CORE} or {CORE})
    sizes = {"hotplate": counts, "plain": counts[-1:]}
    scales: list[Scale] = []
    for contender in options.contender or list(CONTENDERS):
        for count in sizes[contender]:
            print(f"{contender} with {count} of each ...", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(prefix="hotplate-scale-") as folder:
                measuring = measured(contender, count, Path(folder), options.longest)
                scales.append(asyncio.run(measuring))
            if not options.quick:
                keep(scales)
    found = figures(scales)
    show(scales, found)
    return 0 if all(each.ok for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
