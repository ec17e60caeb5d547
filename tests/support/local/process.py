"""A `hotplate up` as its user runs it: a process, its lines, and what it leaves behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from cluster.processes import free_port


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

    def until(self, text: str, seconds: float = 120, after: int = 0) -> Run:
        """Wait until the run has printed the text, after so many characters."""
        deadline = time.monotonic() + seconds
        while text not in self.output()[after:]:
            ended = self.process.poll()
            assert ended is None, f"ended with {ended} before {text!r}:\n{self.output()}"
            assert time.monotonic() < deadline, f"no {text!r} yet:\n{self.output()}"
            time.sleep(0.02)
        return self

    def end(self, number: signal.Signals = signal.SIGINT) -> None:
        """Send the signal and wait; a kill reaches the run's own process alone."""
        self.process.send_signal(number)
        self.process.wait(10)

    def failure(self, seconds: float = 120) -> str:
        """Wait for the run to end by itself with an error, and return that, without a trace."""
        assert self.process.wait(seconds) == 1, self.output()
        steps, mark, told = self.output().partition("error: ")
        assert mark, steps
        assert "Traceback" not in self.output(), self.output()
        assert "Warning" not in self.output(), self.output()
        return mark + told
