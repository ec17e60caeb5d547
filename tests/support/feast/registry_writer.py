"""A process that records materializations in a registry while another one does the same."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hotplate.api import FeatureStore, load_manifests
from hotplate.jobs.repository.session import change_registry, connected
from hotplate.jobs.workspace import Workspace
from support import ROOT
from support.feast.small_repository import PROJECT, SmallRepository

START = datetime(2026, 1, 1, tzinfo=UTC)
WRITES = 20


def write_at_once(repository: SmallRepository, spec_file: Path, writers: int = 2) -> None:
    """Run writers as processes of their own, and wait for them."""
    script = [sys.executable, "-m", "support.feast.registry_writer"]
    command = [*script, str(spec_file), str(repository.folder / "repo"), repository.store]
    running = [
        subprocess.Popen([*command, str(number), str(writers)], cwd=ROOT / "tests")
        for number in range(writers)
    ]
    assert [process.wait(120) for process in running] == [0] * writers


def record(store: Any, numbers: range) -> None:
    """Record an hour for each number, two hours apart, so that none touches another."""
    view = store.registry.get_feature_view("habits", PROJECT)
    for number in numbers:
        begin = START + timedelta(hours=2 * number)
        hour = (begin, begin + timedelta(hours=1))
        apply = partial(store.registry.apply_materialization, view, PROJECT, *hour)
        change_registry(store, apply)


def main() -> None:
    """Record this writer's share of the hours."""
    file, definitions, store, number, writers = sys.argv[1:]
    (resource,) = load_manifests(Path(file))
    assert isinstance(resource, FeatureStore)
    opened = connected(Workspace(resource, Path(definitions), store))
    Path(file).with_suffix(f".{number}").touch()
    while len(list(Path(file).parent.glob(f"{Path(file).stem}.[0-9]"))) < int(writers):
        time.sleep(0.01)
    record(opened, range(int(number), WRITES * int(writers), int(writers)))


if __name__ == "__main__":
    main()
