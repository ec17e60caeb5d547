import re
from datetime import UTC, datetime

from hotplate.api.conditions import Condition, ConditionStatus
from hotplate.controller.report import event
from resources import feature_store

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def condition(
    status: ConditionStatus, message: str = "", reason: str = "ApplyBlocked"
) -> Condition:
    return Condition(
        type="Applied",
        status=status,
        reason=reason,
        message=message,
        last_transition_time=NOW,
    )


def test_an_event_names_its_resource_and_says_what_flipped() -> None:
    found = event(feature_store(), condition(ConditionStatus.FALSE, "3 deletions"))

    assert found["type"] == "Warning"
    assert found["reason"] == "ApplyBlocked"
    assert found["message"] == "Applied is False: 3 deletions"
    assert found["involvedObject"]["uid"] == feature_store().metadata.uid


def test_good_news_is_no_warning() -> None:
    found = event(feature_store(), condition(ConditionStatus.TRUE))

    assert (found["type"], found["message"]) == ("Normal", "Applied is True")


def test_what_comes_to_hold_by_itself_is_no_warning() -> None:
    assert event(feature_store(), condition(ConditionStatus.FALSE, reason="Running"))["type"] == (
        "Normal"
    )


def test_the_same_flip_has_the_same_event_so_that_it_is_sent_once() -> None:
    flip = condition(ConditionStatus.TRUE)

    assert event(feature_store(), flip) == event(feature_store(), flip)


def test_an_event_fits_whatever_the_message_and_the_name() -> None:
    found = event(feature_store("a" * 253), condition(ConditionStatus.FALSE, "x" * 4000))

    assert len(found["message"]) <= 1024
    assert re.fullmatch(r"[a-z0-9-]{1,253}", found["metadata"]["name"])
