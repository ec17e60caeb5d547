"""The process that runs Jobs answers every call, and ends when it is asked to."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hotplate.local.jobs import worker
from hotplate.local.jobs.worker import Call, Ended, Workers
from hotplate.protocol.job_results import FailedResult
from hotplate.protocol.results import Result


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    running = Workers(tmp_path / "jobs.log")
    yield running
    running.close()


def failure(result: Result) -> str:
    assert isinstance(result, FailedResult)
    assert result.reason == "JobFailed"
    return result.message


def test_a_call_that_lacks_an_option_is_a_failure_that_names_it(workers: Workers) -> None:
    message = failure(workers.run(Call("plan", {})))

    assert message.startswith("hotplate job plan: ")
    assert "file" in message.lower()


def test_a_job_that_does_not_exist_is_named_and_the_process_serves_on(workers: Workers) -> None:
    assert "nonsense" in failure(workers.run(Call("nonsense", {})))
    assert "nonsense" in failure(workers.run(Call("nonsense", {})))


def process_of_jobs() -> psutil.Process:
    """Return the process that runs Jobs; one that was only just forked has no command line yet."""
    while True:
        for each in psutil.Process().children():
            if "hotplate.local.jobs.process" in each.cmdline():
                return each
        time.sleep(0.01)


def test_a_process_that_does_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "CLOSE_SECONDS", 0.2)
    workers = Workers(tmp_path / "jobs.log")
    workers.run(Call("nonsense", {}))
    process = process_of_jobs()
    process.suspend()

    begin = time.monotonic()
    workers.close()
    assert time.monotonic() - begin < 5
    assert not psutil.pid_exists(process.pid)


def test_a_process_that_is_killed_is_named_with_its_signal(workers: Workers) -> None:
    workers.start("a", Call("plan", {"HOTPLATE_MANIFEST": "/dev/stdin"}))
    process = process_of_jobs()
    os.kill(process.pid, signal.SIGKILL)

    ended: dict[str, Ended] = {}
    while not ended:
        ended = workers.wait(1.0)
    assert "SIGKILL" in failure(ended["a"].result("plan"))
