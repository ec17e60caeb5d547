"""Run all benchmarks, each in a process of its own; print one table and keep the results.

    python -m benchmarks [NAME ...] [--quick]

Writes benchmarks/results/latest.json and benchmarks/results/latencies.png; a run of some leaves the
others' results as they were on this machine. Exits with 1 when a figure is not what it must be.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from rich.console import Console
from rich.table import Table

from benchmarks.harness import machine, versions

mpl.use("Agg")
from matplotlib import pyplot as plt

BENCHMARKS = ("online_reads", "online_cluster", "online_write", "sizing", "scoring")
RESULTS = Path(__file__).parent / "results"
RESULTS_FILE = RESULTS / "latest.json"
SAME_MACHINE = ("cpu", "cores", "kernel", "python")
ROOT = Path(__file__).parent.parent
QUICK: dict[str, dict[str, Any]] = {
    "online_reads": {"calls": 100, "seconds": 0.3},
    "online_write": {"rows": 100_000},
    "sizing": {"rows": 200_000},
    "scoring": {"calls": 100, "seconds": 2.0},
}


def main() -> int:
    arguments = _arguments()
    if arguments.only:
        options = QUICK.get(arguments.only, {"calls": 300}) if arguments.quick else {}
        report = importlib.import_module(f"benchmarks.{arguments.only}").measure(**options)
        print(json.dumps(report.to_json()))
        return 0
    reports = {name: _run(name, arguments.quick) for name in arguments.names or BENCHMARKS}
    figures, rows = _of(reports, "figures"), _of(reports, "rows")
    if not arguments.quick:
        _keep(set(reports), figures, rows)
    samples = {name: s for report in reports.values() for name, s in report["samples"].items()}
    if samples and not arguments.quick:
        _draw(samples)
    _print(figures, rows)
    return 0 if all(figure["ok"] for figure in figures) else 1


def _of(reports: dict[str, dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return the figures or rows of all reports, each with the name of its benchmark's module."""
    return [{**found, "module": name} for name, report in reports.items() for found in report[kind]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], help="default: all")
    parser.add_argument("--quick", action="store_true", help="few calls, no results kept")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(name: str, quick: bool) -> dict[str, Any]:
    print(f"{name} ...", file=sys.stderr, flush=True)
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks", "--only", name]
    path = f"{ROOT}:{ROOT / 'tests'}"
    done = subprocess.run(
        [*command, *(["--quick"] if quick else [])],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**_environment(), "PYTHONPATH": path},
    )
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def _environment() -> dict[str, str]:
    return {**os.environ, "FEAST_USAGE": "False", "BENTOML_DO_NOT_TRACK": "True"}


def _keep(names: set[str], figures: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    """Write the results, with those of benchmarks that did not run now but on this machine."""
    here = machine()
    before = json.loads(RESULTS_FILE.read_text()) if RESULTS_FILE.exists() else {}
    if any(before.get("machine", {}).get(key) != here[key] for key in SAME_MACHINE):
        before = {}
    others = set(BENCHMARKS) - names
    found = {"machine": here, "versions": versions()}
    for kind, new in (("figures", figures), ("rows", rows)):
        all_of_them = [old for old in before.get(kind, []) if old.get("module") in others] + new
        found[kind] = sorted(all_of_them, key=lambda each: BENCHMARKS.index(each["module"]))
    RESULTS.mkdir(exist_ok=True)
    RESULTS_FILE.write_text(json.dumps(found, indent=1) + "\n")


def _print(figures: list[Any], rows: list[Any]) -> None:
    console = Console()
    table = Table("benchmark", "contender", "p50 us", "p99 us", "p99.9 us", "other")
    for row in rows:
        other = ", ".join(
            f"{name} {value:,.0f}"
            for name, value in row.items()
            if name not in ("benchmark", "contender", "module", "p50", "p99", "p99.9")
        )
        times = [f"{row[p]:,.0f}" if p in row else "" for p in ("p50", "p99", "p99.9")]
        table.add_row(row["benchmark"], row["contender"], *times, other)
    console.print(table)
    table = Table("figure", "measured", "must", "reach", "")
    for figure in figures:
        sign = ">=" if figure["at_least"] else "<="
        limits = [f"{sign} {figure[name]:.3g}" for name in ("must", "reach")]
        table.add_row(
            figure["name"], f"{figure['value']:.3g}", *limits, "ok" if figure["ok"] else "MISSED"
        )
    console.print(table)


def _draw(samples: dict[str, list[float]]) -> None:
    """Draw the share of calls that take longer than so many microseconds, both axes in logs."""
    figure, axes = plt.subplots(figsize=(11, 4.5), dpi=120)
    for name, calls in samples.items():
        ordered = sorted(calls)
        shares = [1 - at / len(ordered) for at in range(len(ordered))]
        axes.plot(ordered, shares, label=name, linewidth=1.6)
    axes.set(xscale="log", yscale="log", xlabel="microseconds", ylabel="share of calls above")
    axes.set_title("Reading the 15 features of one decision, one core")
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    figure.tight_layout()
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "latencies.png")


if __name__ == "__main__":
    sys.exit(main())
