from datetime import UTC, datetime

import pytest

from hotplate.api.v1alpha1.conditions import ConditionStatus, ConditionType
from hotplate.decide.conditions.transitions import (
    FALSE,
    TRUE,
    UNKNOWN,
    ConditionDraft,
    conditions,
    ready,
    stalled,
    transitions,
)

EARLIER = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)


def applied(
    status: ConditionStatus, reason: str = "Succeeded", message: str = ""
) -> ConditionDraft:
    return ConditionDraft(ConditionType.APPLIED, status, reason, message)


def test_the_transition_time_is_kept_while_the_status_stays_the_same() -> None:
    before = conditions([], [applied(TRUE)], 1, EARLIER)

    (condition,) = conditions(before, [applied(TRUE, message="revision 2")], 2, NOW)

    assert condition.last_transition_time == EARLIER
    assert (condition.message, condition.observed_generation) == ("revision 2", 2)


def test_the_transition_time_moves_when_the_status_changes() -> None:
    before = conditions([], [applied(TRUE)], 1, EARLIER)

    (condition,) = conditions(before, [applied(FALSE, "ApplyBlocked")], 1, NOW)

    assert condition.last_transition_time == NOW


def test_ready_is_the_first_condition_that_does_not_hold() -> None:
    planned = ConditionDraft(ConditionType.PLANNED, TRUE, "Succeeded")

    found = ready([planned, applied(FALSE, "ApplyBlocked", "3 deletions")])

    assert (found.holds, found.reason, found.message) == (False, "ApplyBlocked", "3 deletions")
    assert ready([planned]).holds


def test_an_unknown_condition_is_not_ready() -> None:
    assert not ready([applied(UNKNOWN, "Pending")]).holds


def test_only_a_condition_whose_status_changes_is_worth_an_event() -> None:
    before = conditions([], [applied(TRUE)], 1, EARLIER)

    assert transitions(before, conditions(before, [applied(TRUE, message="new")], 1, NOW)) == ()
    assert len(transitions(before, conditions(before, [applied(FALSE)], 1, NOW))) == 1
    assert transitions([], conditions([], [applied(FALSE)], 1, NOW)) == ()


def test_unknown_is_not_worth_an_event_and_what_follows_it_is() -> None:
    before = conditions([], [applied(TRUE)], 1, EARLIER)
    running = conditions(before, [applied(UNKNOWN, "Running")], 1, NOW)

    assert transitions(before, running) == ()
    failed = conditions(running, [applied(FALSE, "JobFailed")], 1, NOW)
    assert len(transitions(running, failed)) == 1


@pytest.mark.parametrize(
    "reason", ["Running", "ReferenceMissing", "Unschedulable", "ImagePullBackOff", "Suspended"]
)
def test_a_resource_that_may_become_ready_by_itself_is_not_stalled(reason: str) -> None:
    assert stalled(ready([applied(FALSE, reason)])) == ()


@pytest.mark.parametrize("reason", ["ApplyBlocked", "OOMKilled", "InvalidSpec", "RolloutStuck"])
def test_a_resource_that_needs_a_person_is_stalled_for_the_reason_of_ready(reason: str) -> None:
    (found,) = stalled(ready([applied(FALSE, reason, "3 deletions")]))

    assert (found.type, found.holds, found.reason) == ("Stalled", True, reason)
    assert found.message == "3 deletions"


def test_a_ready_resource_is_not_stalled() -> None:
    assert stalled(ready([applied(TRUE)])) == ()
