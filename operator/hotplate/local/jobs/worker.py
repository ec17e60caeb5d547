"""The processes that run Jobs: each takes one at a time, and imports Feast once for all of them."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotplate.protocol.job_results import FailedResult, parse_failure, parse_result
from hotplate.protocol.results import Result

_COMMAND = (sys.executable, "-m", "hotplate.local.jobs.process")
PATIENCE = 3.0
"""Seconds that a call waits for a process; importing Feast takes about as long."""

CLOSE_SECONDS = 5.0
"""Seconds that a process has to end by itself, and again after it is terminated."""

_LONGEST = 300
"""Characters of a line that is no result, in the message about it."""


@dataclass(frozen=True)
class Call:
    """A run of `hotplate job <job>` with these environment variables besides the run's own."""

    job: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class _Waiting:
    """A call without a process, and when it gets one of its own (seconds of a steady clock)."""

    call: Call
    until: float


@dataclass(frozen=True)
class Ended:
    """How a call ended: the line that the Job wrote, or None with how its process ended.

    `code` is the exit code, or the negative number of the signal that ended the process.
    """

    line: str | None
    code: int = 0

    def result(self, job: str) -> Result:
        """Return what the Job wrote; a `FailedResult` also where it wrote nothing that it may."""
        if self.line is None:
            return FailedResult(message=f"the Job's process ended without a result: {self._how}")
        document = _document(self.line)
        unreadable = FailedResult(reason="InvalidResult", message=self.line[-_LONGEST:])
        return parse_failure(document) or parse_result(job, document) or unreadable

    @property
    def _how(self) -> str:
        if self.code >= 0:
            return f"exit code {self.code}; its log is jobs.log in the state folder's logs"
        name = signal.Signals(-self.code).name
        memory = ", as a machine short of memory does" if -self.code == signal.SIGKILL else ""
        return f"it was ended from outside with {name}{memory}"


class Workers:
    """Processes that run Jobs side by side.

    A call waits a little for a process to be free before it gets one of its own, since most calls
    take less time than another process takes to import Feast.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._waiting: dict[str, _Waiting] = {}
        self._idle: list[_Worker] = []
        self._busy: dict[str, _Worker] = {}

    def start(self, name: str, call: Call) -> None:
        """Run a call as soon as there is a process for it."""
        self._waiting[name] = _Waiting(call, time.monotonic() + PATIENCE)
        self._assign()

    def stop(self, name: str) -> None:
        """Kill the process that runs the call."""
        if self._waiting.pop(name, None) is None:
            self._busy.pop(name).kill()

    def wait(self, seconds: float) -> dict[str, Ended]:
        """Return the calls that ended, by name; wait for the first one, at most so long."""
        ended = self._wait(seconds)
        self._assign()
        return ended

    def _assign(self) -> None:
        """Give calls that wait to processes that are free, and to new ones where they waited."""
        for name, waiting in list(self._waiting.items()):
            is_late = waiting.until <= time.monotonic() or not self._busy
            if not self._idle and not is_late:
                return
            del self._waiting[name]
            worker = self._busy[name] = self._idle.pop() if self._idle else _Worker(self._log)
            worker.send(waiting.call)

    def _wait(self, seconds: float) -> dict[str, Ended]:
        if not self._busy:
            time.sleep(seconds)
            return {}
        names = {worker.descriptor: name for name, worker in self._busy.items()}
        ready, _, _ = select.select(list(names), [], [], seconds)
        return {names[each]: self._ended(names[each]) for each in ready}

    def run(self, call: Call) -> Result:
        """Run a call and return what the Job wrote."""
        self.start(call.job, call)
        while not (ended := self.wait(1.0)):
            pass
        return ended[call.job].result(call.job)

    def rest(self) -> None:
        """End the processes that have nothing to do; the memory that Feast takes is free again."""
        for worker in self._idle:
            worker.close()
        self._idle.clear()

    def close(self) -> None:
        """End all processes, with what they run."""
        self._waiting.clear()
        for worker in self._busy.values():
            worker.kill()
        self._busy.clear()
        self.rest()

    def _ended(self, name: str) -> Ended:
        worker = self._busy.pop(name)
        line = worker.receive()
        if line is None:
            return Ended(None, worker.kill())
        self._idle.append(worker)
        return Ended(line)


def _document(line: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


class _Worker:
    """One process, which is asked and answers by lines."""

    def __init__(self, log: Path) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  (our own command)
                _COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
                text=True,
            )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a process that was given pipes has none")
        self._asked, self._replies = self._process.stdin, self._process.stdout

    @property
    def descriptor(self) -> int:
        """The descriptor that can be read once the call has ended."""
        return self._replies.fileno()

    def send(self, call: Call) -> None:
        """Start a call; that the process is gone shows when its answer is read."""
        line = json.dumps({"job": call.job, "environment": dict(call.environment)})
        with contextlib.suppress(BrokenPipeError):
            self._asked.write(line + "\n")
            self._asked.flush()

    def receive(self) -> str | None:
        """Return the answer, None if the process ended without one."""
        line = self._replies.readline()
        return line.strip() if line.endswith("\n") else None

    def close(self) -> None:
        """Let the process end, which has nothing to do; terminate, then kill one that does not."""
        self._close_pipes()
        if not self._has_ended():
            self._process.terminate()
            if not self._has_ended():
                self.kill()

    def kill(self) -> int:
        """End the process and whatever it started; return its code, its own if it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        self._close_pipes()
        return code

    def _has_ended(self) -> bool:
        """Wait for the process to end; return whether it did so in time."""
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _close_pipes(self) -> None:
        for pipe in (self._asked, self._replies):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
