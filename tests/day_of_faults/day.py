"""A day of a team's life under faults: what Hotplate loses, and what Feast with a CronJob does.

    PYTHONPATH=tests python -m day_of_faults.day [--runs 96 --views 20]

Exits with 1 when Hotplate's column has anything but 0.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from day_of_faults.played import Tally, feast_day, hotplate_day
from day_of_faults.script import DESTRUCTIVE, Script, script
from equality.equality import quiet

RUNS, VIEWS = 32, 8
"""A third of a day, so that it takes a minute or two."""

LEAST_RUNS, LEAST_VIEWS = 14, 4
"""The outages end before the last run, and there are views to take something from."""


def played(day: Script, folder: Path) -> tuple[Tally, Tally]:
    """Play the day under Hotplate, then under Feast."""
    preload = ["day_of_faults.played", "hotplate.jobs.tasks.materialize"]
    multiprocessing.get_context("forkserver").set_forkserver_preload(preload)
    return hotplate_day(day, folder / "hotplate"), feast_day(day, folder / "feast")


def report(day: Script, hotplate: Tally, feast: Tally) -> Iterator[str]:
    """Yield what the day had, and both columns."""
    yield (
        f"{day.runs} scheduled runs of {day.views} views, {day.count:,} rows ({day.late:,} late,"
        f" {day.corrected:,} corrected), {len(day.pushes)}"
        f" pushes ({DESTRUCTIVE} destructive), {len(day.kills)} pods killed,"
        f" {len(day.restarts)} restarts of the store"
    )
    yield f"{'':54}{'Hotplate':>10}{'Feast':>10}"
    for label, field in _LINES:
        yield f"{label:54}{getattr(hotplate, field):>10,}{getattr(feast, field):>10,}"


_LINES = (
    ("rows lost: missing, or not the latest", "rows_lost"),
    ("older over newer", "older_over_newer"),
    ("destructive applies that got through", "destroyed"),
    ("minutes stale beyond promise without a True alert", "stale_unsaid"),
    ("looked at: rows online at the end of the day", "rows"),
    ("looked at: runs of a view that succeeded", "runs"),
    ("looked at: runs killed or without a store", "failed"),
    ("looked at: minutes stale beyond promise", "stale"),
    ("looked at: minutes of an alert with no stale view", "needless"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--runs", type=int, default=RUNS, help=f"ticks of 15 minutes, at least {LEAST_RUNS}"
    )
    parser.add_argument("--views", type=int, default=VIEWS, help=f"at least {LEAST_VIEWS}")
    arguments = parser.parse_args()
    if arguments.runs < LEAST_RUNS or arguments.views < LEAST_VIEWS:
        parser.error(f"expected {LEAST_RUNS} runs and {LEAST_VIEWS} views at the least")
    quiet()
    day, started = script(arguments.runs, arguments.views), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        hotplate, feast = played(day, Path(folder))
    for line in report(day, hotplate, feast):
        print(line)
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    sys.exit(not hotplate.is_clean)


if __name__ == "__main__":
    main()
