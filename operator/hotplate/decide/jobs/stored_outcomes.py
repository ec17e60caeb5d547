"""The outcome of a Job whose result is stored, once the Jobs that read its parts have ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hotplate.decide.jobs.waits import WAITS
from hotplate.decide.observed import JobState, Outcome
from hotplate.protocol.job_results import ResultPart, StoredResult, parse_result
from hotplate.protocol.stored_results import assemble

READING_RESULT = "ReadingResult"


def with_parts(job: str, outcome: Outcome, parts: Sequence[Outcome | None]) -> Outcome:
    """Return the outcome with the result that the parts make, or as failed, or as running.

    `job` is the name of the Job that stored the result; a part is None while its Job does not
    exist. A part whose pod cannot start makes the outcome wait for the same.
    """
    stored = outcome.of(StoredResult)
    failed = next((each for each in parts if each and each.state is JobState.FAILED), None)
    if failed is not None:
        message = f"its result cannot be read: {failed.message}"
        return replace(outcome, state=JobState.FAILED, reason=failed.reason, message=message)
    waiting = next((each for each in parts if each and each.reason in WAITS), None)
    if waiting is not None:
        return replace(waiting, started=outcome.started)
    read = [each.of(ResultPart) for each in parts if each and each.state is JobState.SUCCEEDED]
    if len(read) < stored.parts:
        message = f"{len(read)} of {stored.parts} parts of its result are read"
        return Outcome(JobState.RUNNING, READING_RESULT, message, started=outcome.started)
    try:
        result = parse_result(job, assemble(stored, read))
    except ValueError as error:
        return _invalid(outcome, str(error))
    if result is None:
        return _invalid(outcome, f"artifact {stored.digest} is not a result of {job}")
    return replace(outcome, result=result)


def _invalid(outcome: Outcome, message: str) -> Outcome:
    return replace(outcome, state=JobState.FAILED, reason="InvalidResult", message=message)
