"""How a Job ends: one JSON result on stdout, all else on stderr, exit code 0 or 1."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import typer

from hotplate import jobs
from hotplate.api import ManifestError
from hotplate.jobs.errors import JobError
from hotplate.jobs.workspace import Workspace
from hotplate.protocol.job_results import FailedResult
from hotplate.protocol.results import Result

logger = logging.getLogger(__name__)


def report(workspace: Callable[[], Workspace], job: Callable[[Workspace], Result]) -> None:
    """Run the job in its workspace; print its result or failure as JSON, and exit."""

    def work() -> Result:
        where = workspace()
        return jobs.fitting(where, job(where))

    emit(work)


def emit(work: Callable[[], Result]) -> None:
    """Do the work; print its result or failure as JSON, and exit."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s", force=True
    )
    with _stdout_kept() as stdout:
        result = _result(work)
        stdout.write(result.to_json() + "\n")
    raise typer.Exit(code=int(isinstance(result, FailedResult)))


def _result(work: Callable[[], Result]) -> Result:
    try:
        return work()
    except JobError as error:
        logger.error("%s", error)  # noqa: TRY400  the message says it all
        return FailedResult.of(error.reason, error.message)
    except ManifestError as error:
        logger.error("%s", error)  # noqa: TRY400
        return FailedResult.of("ManifestInvalid", str(error))
    except SystemExit as error:
        logger.exception("the job was ended by a call of sys.exit")
        return FailedResult.of(
            "JobFailed", f"sys.exit({error.code!r}) was called by the job's code"
        )
    except Exception as error:
        logger.exception("the job failed unexpectedly")
        return FailedResult.of("JobFailed", f"{type(error).__name__}: {error}")


@contextmanager
def _stdout_kept() -> Iterator[TextIO]:
    """Yield the real stdout; what Feast and the definitions print goes to stderr meanwhile."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(kept), "w") as stdout:
            yield stdout
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
