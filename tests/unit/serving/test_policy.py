from typing import Any

import pytest

from hotplate.online import FeatureRow, FeatureViewRead, ViewStatus
from hotplate.protocol.serving_settings import FeatureSettings
from hotplate.serving.decision import Outcome, ReasonCode
from hotplate.serving.policy import FailurePolicy
from support.scoring.plan import read_plan

NOW = 1_800_000_000.0
DAY = 86400
PRESENT = FeatureViewRead(ViewStatus.PRESENT, NOW - DAY)
VALUES = {
    "city": "FORT WORTH",
    "population": 1,
    "total_wages": 2,
    "credit_card_due": 3,
    "mortgage_due": 4,
    "missed_payments_1y": 0,
}


def row(history: FeatureViewRead = PRESENT, **values: Any) -> FeatureRow:
    return FeatureRow(VALUES | values, {"zipcode_features": PRESENT, "credit_history": history})


def policy(missing: str = "Refer", stale: str = "Refer", **settings: Any) -> FailurePolicy:
    plan = read_plan().for_service("credit_scoring_v1")
    fallbacks = {"onMissing": missing, "onStale": stale}
    return FailurePolicy(plan, FeatureSettings.model_validate(fallbacks | settings))


NOT_FOUND = FeatureViewRead(ViewStatus.NOT_FOUND, None)
EXPIRED = FeatureViewRead(ViewStatus.EXPIRED, NOW - 91 * DAY)
OLD = FeatureViewRead(ViewStatus.PRESENT, NOW - 3 * DAY)
FUTURE = FeatureViewRead(ViewStatus.FUTURE, NOW + 365 * DAY)


def test_features_that_are_all_present_leave_the_decision_to_the_model() -> None:
    verdict = policy().judge(row(), NOW)
    assert verdict.outcome is None
    assert verdict.reasons == ()


@pytest.mark.parametrize(
    ("action", "outcome"),
    [("Refer", Outcome.REFER), ("Reject", Outcome.REJECT), ("Default", None)],
)
def test_a_view_without_a_row_is_decided_by_the_rule_for_missing_features(
    action: str, outcome: Outcome | None
) -> None:
    verdict = policy(missing=action).judge(row(NOT_FOUND), NOW)
    assert verdict.outcome is outcome
    assert [reason.code for reason in verdict.reasons] == [ReasonCode.FEATURES_NOT_FOUND]


@pytest.mark.parametrize(
    ("action", "outcome"),
    [("Refer", Outcome.REFER), ("Reject", Outcome.REJECT), ("Default", None)],
)
def test_an_expired_view_is_decided_by_the_rule_for_stale_features(
    action: str, outcome: Outcome | None
) -> None:
    verdict = policy(stale=action).judge(row(EXPIRED), NOW)
    assert verdict.outcome is outcome
    assert verdict.reasons[0].message == "credit_history is 91 d old, its ttl is 90 d"


@pytest.mark.parametrize("null", [None, float("nan")])
def test_a_null_in_a_present_view_is_a_missing_feature_and_named(null: float | None) -> None:
    verdict = policy().judge(row(mortgage_due=null), NOW)
    assert verdict.outcome is Outcome.REFER
    assert verdict.reasons[0].message == "credit_history.mortgage_due is null"


@pytest.mark.parametrize(
    ("action", "outcome"),
    [("Refer", Outcome.REFER), ("Reject", Outcome.REJECT), ("Default", None)],
)
def test_a_row_older_than_the_model_s_max_age_is_stale(
    action: str, outcome: Outcome | None
) -> None:
    verdict = policy(stale=action, maxAgeSeconds=2 * DAY).judge(row(OLD), NOW)
    assert verdict.outcome is outcome
    (reason,) = verdict.reasons
    assert reason.code is ReasonCode.FEATURES_TOO_OLD
    assert reason.message == "credit_history is 3 d old, features.maxAge is 2 d"


def test_rows_as_old_as_the_max_age_are_used() -> None:
    assert policy(maxAgeSeconds=3 * DAY).judge(row(OLD), NOW).outcome is None
    assert policy(maxAgeSeconds=3 * DAY).judge(row(OLD), NOW + 1).outcome is Outcome.REFER


def test_default_values_stand_for_a_stale_row_and_the_row_itself_is_not_used() -> None:
    judge = policy(stale="Default", maxAgeSeconds=7200.0)
    verdict = judge.judge(row(OLD), NOW - DAY + 60)
    assert judge.filled(VALUES, verdict.unused) == VALUES | {
        "credit_card_due": 0,
        "mortgage_due": 0,
        "missed_payments_1y": 0,
    }


@pytest.mark.parametrize("action", ["Refer", "Reject", "Default"])
def test_a_row_of_the_future_is_referred_whatever_the_settings_say(action: str) -> None:
    verdict = policy(action, action).judge(row(FUTURE), NOW)
    assert verdict.outcome is Outcome.REFER
    (reason,) = verdict.reasons
    assert reason.code is ReasonCode.FEATURES_OF_THE_FUTURE
    assert reason.message == "credit_history has an event time 365 d ahead"


def test_a_null_in_a_view_without_a_row_is_not_told_twice() -> None:
    verdict = policy().judge(row(NOT_FOUND, mortgage_due=None, credit_card_due=None), NOW)
    assert len(verdict.reasons) == 1


def test_when_one_rule_rejects_and_another_refers_a_person_decides() -> None:
    both = FeatureRow(VALUES, {"zipcode_features": NOT_FOUND, "credit_history": EXPIRED})
    assert policy("Reject", "Refer").judge(both, NOW).outcome is Outcome.REFER
    assert policy("Refer", "Reject").judge(both, NOW).outcome is Outcome.REFER
    assert policy("Default", "Reject").judge(both, NOW).outcome is Outcome.REJECT


def test_the_default_is_the_zero_of_the_features_type() -> None:
    filled = policy("Default").filled({"city": None, "population": None, "total_wages": 5})
    assert filled == {"city": "", "population": 0, "total_wages": 5}
