"""Runs on the second example, whose data are small."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import ROOT
from support.local.process import Run


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the second example, whose data are small; its manifest is returned.

    Its reads may take seconds, so that a busy machine does not refer what should be decided; its
    schedule is not due while tests run.
    """
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "examples" / "driver_stats", folder / "driver_stats")
    manifest = folder / "driver-stats.yaml"
    text = (ROOT / "examples" / manifest.name).read_text()
    patient = "  latency: {budget: 5s, featureDeadline: 4s}\n"
    text = text.replace("  featureService:", patient + "  featureService:")
    assert '"5 * * * *"' in text
    manifest.write_text(text.replace('"5 * * * *"', '"0 0 1 1 *"'))
    return manifest


@pytest.fixture
def start() -> Iterator[Callable[..., Run]]:
    """Start runs; those still there at the end are ended."""
    runs: list[Run] = []

    def start(folder: Path, manifest: Path, *options: str) -> Run:
        runs.append(Run(folder, manifest, *options))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGINT)
            run.process.wait(20)
