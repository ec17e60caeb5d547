"""Results fit a termination message, whatever they hold."""

import json
from datetime import UTC, datetime

import pytest

from hotplate.protocol.definition_results import PlanResult
from hotplate.protocol.job_results import MAX_BYTES, FailedResult, MaterializeResult
from hotplate.protocol.results import Result
from support.job_results import PLAN_HASH, REVISION


def plan(summary: tuple[str, ...]) -> PlanResult:
    return PlanResult(
        revision=REVISION,
        plan_hash=PLAN_HASH,
        create=1,
        update=2,
        delete=3,
        summary=summary,
    )


def test_a_result_is_one_line_of_camel_case_json() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    text = MaterializeResult(view="v", start=now, end=now, rows=3, seconds=0.5).to_json()
    assert json.loads(text) == {
        "result": "Materialized",
        "view": "v",
        "start": "2026-11-24T00:00:00Z",
        "end": "2026-11-24T00:00:00Z",
        "rows": 3,
        "newestEventTime": None,
        "rowsInSource": None,
        "nullKeys": 0,
        "rowsAhead": 0,
        "seconds": 0.5,
        "kept": None,
        "registry": None,
    }


@pytest.mark.parametrize(
    "message", ["short", "long " * 5000, "ü€" * 5000, '"\n' * 4000, "\0" * 900, "\N{FIRE}" * 4000]
)
def test_a_failure_fits_with_the_beginning_and_the_end_of_its_message(message: str) -> None:
    result = FailedResult.of("Reason", message)
    assert len(result.to_json().encode()) <= MAX_BYTES
    assert result.message[:5] == message[:5]
    assert result.message[-5:] == message[-5:]


def test_results_cannot_be_changed() -> None:
    result: Result = plan(())
    with pytest.raises(ValueError, match="frozen"):
        result.create = 5  # type: ignore[attr-defined]
