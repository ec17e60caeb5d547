"""The process that runs Jobs for a local run, one after another: `hotplate job`, as in a pod.

It imports Feast with its first Job and keeps it for the next ones. Each line of its standard input
is a Job, its name and environment; each line of its standard output is the result of one.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TextIO

from hotplate.jobs.command import app
from hotplate.protocol.job_results import FailedResult

logger = logging.getLogger(__name__)


def main() -> None:
    """Run Jobs until standard input ends; what they print goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked, replies = _pipes()
    own = dict(os.environ)
    for line in asked:
        job = json.loads(line)
        os.environ.clear()
        os.environ.update(own | job["environment"])
        replies.write(_result(job["job"]) + "\n")
        replies.flush()


def _pipes() -> tuple[TextIO, TextIO]:
    """Return the two pipes, which no Job can reach by the usual descriptors."""
    asked, replies = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return asked, replies


def _result(job: str) -> str:
    """Return the line that the Job writes to its standard output."""
    with tempfile.TemporaryFile("w+") as output:
        os.dup2(output.fileno(), 1)
        try:
            app([job], standalone_mode=False)
        except Exception as error:
            logger.exception("hotplate job %s did not begin", job)
            return FailedResult.of("JobFailed", f"hotplate job {job}: {error}").to_json()
        finally:
            sys.stdout.flush()
            os.dup2(2, 1)
        output.seek(0)
        return output.read().strip()


if __name__ == "__main__":
    main()
