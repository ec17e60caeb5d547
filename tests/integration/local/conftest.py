"""A `hotplate up` as its user runs it: a process, its lines, and what it leaves behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.processes import free_port
from support import ROOT


class Run:
    """A `hotplate up` on a state folder; its output goes to a file."""

    def __init__(self, folder: Path, manifest: Path, *options: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder.with_suffix(f".{self.port}.log")
        arguments = [str(manifest), "--state", str(folder), "--port", str(self.port), *options]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hotplate.cli", "up", *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def output(self) -> str:
        return self.log.read_text()

    def until(self, text: str, seconds: float = 120) -> "Run":
        """Wait until the run has printed the text."""
        deadline = time.monotonic() + seconds
        while text not in self.output():
            ended = self.process.poll()
            assert ended is None, f"ended with {ended} before {text!r}:\n{self.output()}"
            assert time.monotonic() < deadline, f"no {text!r} yet:\n{self.output()}"
            time.sleep(0.02)
        return self

    def end(self, number: signal.Signals = signal.SIGINT) -> None:
        """Send the signal and wait; a kill reaches the run's own process alone."""
        self.process.send_signal(number)
        self.process.wait(10)

    def failure(self, seconds: float = 60) -> str:
        """Wait for the run to end by itself with an error, and return that, without a trace."""
        assert self.process.wait(seconds) == 1, self.output()
        steps, mark, told = self.output().partition("error: ")
        assert mark, steps
        assert "Traceback" not in self.output(), self.output()
        assert "Warning" not in self.output(), self.output()
        return mark + told


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
