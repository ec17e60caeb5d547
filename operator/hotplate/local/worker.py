"""One process that runs jobs: it imports Feast once, and takes it away again when it ends."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker, util
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from hotplate.jobs.errors import JobError
from hotplate.local.errors import LocalError

HINTS = {
    "ContractMismatch": " with `hotplate up --retrain`",
    "ServedDiffers": "; `hotplate up --fresh` starts over",
}
"""What a job cannot know: how a local run does what its message asks for."""

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Runs jobs one after another in a process of their own."""

    def __init__(self, pool: ProcessPoolExecutor, log: Path) -> None:
        self._pool = pool
        self._log = log

    def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the job and return its result.

        Raises:
            LocalError: the job failed, with its reason and message, or its process ended.
        """
        try:
            return self._pool.submit(_logged, job, args, kwargs).result()
        except JobError as error:
            hint = HINTS.get(error.reason, "")
            raise LocalError(f"{error.reason}: {error.message}{hint}") from error
        except BrokenProcessPool as error:
            raise LocalError(
                f"the job's process was ended from outside; what it logged: {self._log}"
            ) from error
        except Exception as error:
            raise LocalError(
                f"{type(error).__name__}: {error}; the whole trace is in {self._log}"
            ) from error


@contextmanager
def worker(log: Path) -> Iterator[Worker]:
    """Yield a worker that starts with its first job and logs to the file."""
    pool = ProcessPoolExecutor(
        max_workers=1, mp_context=get_context("spawn"), initializer=_start, initargs=(str(log),)
    )
    try:
        yield Worker(pool, log)
    except BaseException:
        _kill(pool)
        raise
    else:
        pool.shutdown()
    finally:
        _end_tracker()


def _start(log: str) -> None:
    """Send all that the process prints to the log, and leave Ctrl-C to the run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", force=True)


def _logged(job: Callable[..., T], args: Any, kwargs: Any) -> T:
    """Run the job in the worker; what goes wrong is in the log with its trace."""
    try:
        return job(*args, **kwargs)
    except Exception:
        logging.getLogger(__name__).exception("%s failed", job.__name__)
        raise


def _end_tracker() -> None:
    """End the process that Python starts beside spawned ones: it ignores SIGTERM, and waits.

    What it tracks is given back first, or it and the end of this process would complain of it.
    """
    util._run_finalizers(0)  # type: ignore[attr-defined]  # noqa: SLF001
    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]  # noqa: SLF001


def _kill(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):  # noqa: SLF001  (3.14 has kill_workers)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    pool.shutdown(wait=False, cancel_futures=True)
