"""What benchmarks.operator_scale measured: its figures, how it is shown, and where it is kept."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.harness import Figure, machine

RESULTS = Path(__file__).parent / "results" / "operator_scale.json"
RESYNC = 300
"""Seconds between two resyncs of a resource, by default."""


@dataclass(frozen=True)
class Scale:
    """What was measured of one operator; CPU in seconds, memory in MiB.

    `ready` is how many resources were Ready when the time was over, of twice the `count`. Writes
    and reads of a kind are until then, for each of the `count`; None is not measured.
    """

    contender: str
    count: int
    ready: int
    seconds_to_ready: float
    writes_of_a_feature_store: float
    reads_of_a_feature_store: float
    writes_of_a_model_deployment: float | None
    reads_of_a_model_deployment: float | None
    cpu_to_ready: float
    resident: float
    writes_of_a_resync: float | None = None
    reads_of_a_resync: float | None = None
    cpu_of_a_resync: float | None = None

    @property
    def is_ready(self) -> bool:
        """Whether all were Ready in time."""
        return self.ready == 2 * self.count

    @property
    def reconciled_a_second(self) -> float | None:
        """Resources reconciled in a second of CPU when nothing is to be done."""
        return None if self.cpu_of_a_resync is None else 1 / self.cpu_of_a_resync

    @property
    def writes_an_hour(self) -> float | None:
        """API writes in an hour with nothing to do, of all resources."""
        return self._hourly(self.writes_of_a_resync)

    @property
    def reads_an_hour(self) -> float | None:
        """API reads in that hour."""
        return self._hourly(self.reads_of_a_resync)

    @property
    def cpu_an_hour(self) -> float | None:
        """Seconds of CPU in that hour."""
        return self._hourly(self.cpu_of_a_resync)

    def _hourly(self, figure: float | None) -> float | None:
        return None if figure is None else figure * 2 * self.count * 3600 / RESYNC


ROWS = (
    ("Ready", "ready"),
    ("seconds until then", "seconds_to_ready"),
    ("API writes of a FeatureStore", "writes_of_a_feature_store"),
    ("API reads of a FeatureStore", "reads_of_a_feature_store"),
    ("API writes of a ModelDeployment", "writes_of_a_model_deployment"),
    ("API reads of a ModelDeployment", "reads_of_a_model_deployment"),
    ("seconds of CPU until Ready", "cpu_to_ready"),
    ("most MiB resident", "resident"),
    ("API writes an hour with nothing to do", "writes_an_hour"),
    ("API reads an hour with nothing to do", "reads_an_hour"),
    ("seconds of CPU an hour with nothing to do", "cpu_an_hour"),
    ("reconciled in a second of CPU", "reconciled_a_second"),
)


def figures(scales: list[Scale]) -> list[Figure]:
    """Return what must be true of Hotplate's operator at the largest count, and of its growth."""
    own = [each for each in scales if each.contender == "hotplate"]
    if not own:
        return []
    by_count = sorted(own, key=lambda each: each.count)
    small, large = by_count[0], by_count[-1]
    writes, rate = large.writes_of_a_feature_store, large.reconciled_a_second
    idle, everything = large.writes_an_hour, 2 * large.count
    found = [
        Figure("resources that are Ready", large.ready, everything, everything, at_least=True),
        Figure("API writes of a FeatureStore, created to Ready", writes, 25, 25),
        Figure("MiB resident", large.resident, 250, 250),
    ]
    if idle is not None and rate is not None:
        found += [
            Figure("API writes an hour with nothing to do", idle, 0, 0),
            Figure("resources reconciled a second of CPU", rate, 20, 20, at_least=True),
        ]
    if small is not large:
        growth = (large.cpu_to_ready / large.count) / (small.cpu_to_ready / small.count)
        name = f"CPU of a resource, of {large.count} to of {small.count}"
        found.append(Figure(name, growth, 1.3, 1.0))
    return found


def show(scales: list[Scale], found: list[Figure]) -> None:
    """Print what was measured and what it must be."""
    console = Console()
    table = Table("", *(f"{each.contender} {each.count}" for each in scales))
    for title, name in ROWS:
        table.add_row(title, *(_told(each, name) for each in scales))
    console.print(table)
    table = Table("figure", "measured", "must", "")
    for figure in found:
        sign = ">=" if figure.at_least else "<="
        verdict = "ok" if figure.ok else "MISSED"
        table.add_row(figure.name, f"{figure.value:,.4g}", f"{sign} {figure.must:,.4g}", verdict)
    console.print(table)


def keep(scales: list[Scale]) -> None:
    """Write what was measured so far, in place of what an earlier run measured."""
    found = [asdict(each) | {"ok": each.ok} for each in figures(scales)]
    data = {"machine": machine(), "scales": [asdict(each) for each in scales], "figures": found}
    RESULTS.write_text(json.dumps(data, indent=1) + "\n")


def _told(scale: Scale, name: str) -> str:
    value = getattr(scale, name)
    if name == "ready":
        return f"{value} of {2 * scale.count}"
    if name == "seconds_to_ready" and not scale.is_ready:
        return f"not within {value:.0f}"
    return "not measured" if value is None else f"{value:,.1f}"
