"""Results fit a termination message, whatever they hold."""

import json
from datetime import UTC, datetime

import pytest

from hotplate.protocol.job_results import (
    MAX_BYTES,
    ApplyResult,
    FailedResult,
    MaterializeResult,
    PlanResult,
    Result,
    ServiceResult,
)
from support.job_results import PLAN_HASH, READ_PLAN, REVISION


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
        "seconds": 0.5,
        "registry": None,
    }


def test_a_summary_that_fits_is_whole() -> None:
    summary = tuple(f"create feature view v{number}" for number in range(20))
    assert json.loads(plan(summary).to_json())["summary"] == list(summary)


def test_a_long_summary_says_how_many_lines_are_left_out() -> None:
    summary = tuple(f"create feature view number_{number}" for number in range(500))
    text = plan(summary).to_json()
    shown = json.loads(text)["summary"]
    assert len(text.encode()) <= MAX_BYTES
    assert shown[0] == summary[0]
    assert shown[-1] == f"... and {500 - len(shown) + 1} more"


def test_even_one_line_too_long_for_a_message_is_left_out() -> None:
    shown = json.loads(plan(("x" * 9000,)).to_json())["summary"]
    assert shown == ["... and 1 more"]


def test_a_thousand_views_are_left_out_before_the_hashes_are() -> None:
    names = tuple(f"feature_view_number_{number}" for number in range(1000))
    text = ApplyResult(
        revision=REVISION,
        plan_hash=PLAN_HASH,
        create=0,
        update=0,
        delete=0,
        summary=names,
        read_plan=READ_PLAN,
        view_count=1000,
        views=names,
        service_count=1000,
        services=tuple(ServiceResult(name=name, hash="1f" * 8, views=names[:2]) for name in names),
    ).to_json()
    assert len(text.encode()) <= MAX_BYTES
    assert json.loads(text)["readPlan"] == READ_PLAN
    assert json.loads(text)["viewCount"] == 1000
    assert set(json.loads(text)["views"]) < set(names)


@pytest.mark.parametrize("message", ["short", "long " * 5000, "ü€" * 5000, '"\n' * 4000])
def test_a_failure_fits_with_the_beginning_and_the_end_of_its_message(message: str) -> None:
    result = FailedResult.of("Reason", message)
    assert len(result.to_json().encode()) <= MAX_BYTES
    assert result.message[:5] == message[:5]
    assert result.message[-5:] == message[-5:]


def test_results_cannot_be_changed() -> None:
    result: Result = plan(())
    with pytest.raises(ValueError, match="frozen"):
        result.create = 5  # type: ignore[attr-defined]
