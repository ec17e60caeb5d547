"""The generated credit history has the published shape, is reproducible and leaks nothing."""

from datetime import UTC, date, datetime, timedelta

import credit_history
import numpy as np
import pandas as pd
import pytest
from credit_history import Persons, batches

FIRST = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
UNTIL = date(2026, 6, 30)
PERIOD = timedelta(days=credit_history.PERIOD / 86_400)
COUNT = 6_000
FEATURES = list(credit_history.SIGNAL)


def persons() -> Persons:
    names = np.array([f"19700101_{n:04d}" for n in range(COUNT)], object)
    return Persons(names, np.arange(COUNT) % 1000 < 217)


def history(rows: int = 0, first: datetime = FIRST, until: date = UNTIL) -> pd.DataFrame:
    tables = batches(persons(), rows, first, until)
    return pd.concat([table.to_pandas() for table in tables], ignore_index=True)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return history()


def area_under_roc(outcome: np.ndarray, score: pd.Series) -> float:
    ranks = score.rank().to_numpy()
    ones = int(outcome.sum())
    return (ranks[outcome].sum() - ones * (ones + 1) / 2) / (ones * (len(outcome) - ones))


def test_every_feature_is_in_its_published_range(table: pd.DataFrame) -> None:
    most = credit_history.DUES | {
        "hard_pulls": 10,
        "missed_payments_2y": 7,
        "missed_payments_1y": 3,
        "missed_payments_6m": 1,
        "bankruptcies": 2,
    }
    assert (table[FEATURES].min() >= 0).all()
    assert (table[FEATURES].max() <= pd.Series(most)[FEATURES]).all()
    assert (table[FEATURES].dtypes == "int64").all()


@pytest.mark.parametrize(
    ("feature", "published", "tolerance"),
    [
        ("credit_card_due", 5_000, 150),
        ("mortgage_due", 1_000_000, 30_000),
        ("hard_pulls", 4.2, 0.15),
        ("missed_payments_2y", 3.0, 0.12),
        ("missed_payments_1y", 1.2, 0.06),
        ("missed_payments_6m", 0.4, 0.03),
        ("bankruptcies", 0.18, 0.03),
    ],
)
def test_means_are_those_of_the_published_sample(
    table: pd.DataFrame, feature: str, published: float, tolerance: float
) -> None:
    assert table[feature].mean() == pytest.approx(published, abs=tolerance)


def test_payments_missed_in_a_longer_time_include_those_of_a_shorter_one(
    table: pd.DataFrame,
) -> None:
    assert (table.missed_payments_2y >= table.missed_payments_1y).all()
    assert (table.missed_payments_1y >= table.missed_payments_6m).all()


def test_a_person_has_a_row_every_30_days_from_the_first_to_the_last_day(
    table: pd.DataFrame,
) -> None:
    times = table.groupby("dob_ssn").event_timestamp
    assert len(times) == COUNT
    assert (times.diff().dropna() == PERIOD).all()
    assert ((times.min() >= FIRST) & (times.min() < FIRST + PERIOD)).all()
    end = datetime(2026, 7, 1, tzinfo=UTC)
    assert ((times.max() < end) & (times.max() >= end - PERIOD)).all()


def test_the_same_arguments_give_the_same_rows(table: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(history(), table)


def test_other_days_add_and_remove_rows_and_change_none(table: pd.DataFrame) -> None:
    later = history(first=FIRST + timedelta(days=50), until=UNTIL + timedelta(days=100))
    before = table[table.event_timestamp >= FIRST + timedelta(days=50)]
    after = later[later.event_timestamp < datetime(2026, 7, 1, tzinfo=UTC)]
    assert len(later) > len(after)
    pd.testing.assert_frame_equal(after.reset_index(drop=True), before.reset_index(drop=True))


def test_more_persons_are_invented_and_change_nobody_elses_rows(table: pd.DataFrame) -> None:
    some, more = (history(rows=COUNT + extra) for extra in (1_000, 60_000))
    assert some.dob_ssn.nunique() == COUNT + 1_000
    assert more.dob_ssn.nunique() == COUNT + 60_000
    pd.testing.assert_frame_equal(some[: len(table)], table)
    pd.testing.assert_frame_equal(more[: len(some)], some)
    assert more.dob_ssn[len(table) :].str.slice(4, 6).eq("00").all()


def test_rows_after_the_loan_say_no_more_about_its_outcome_than_rows_before_it(
    table: pd.DataFrame,
) -> None:
    defaulted = persons().defaulted
    rows = table.sort_values(["dob_ssn", "event_timestamp"]).groupby("dob_ssn", sort=True)
    early, late = rows.nth(0), rows.nth(5)
    for feature in FEATURES:
        before = area_under_roc(defaulted, early[feature])
        after = area_under_roc(defaulted, late[feature])
        assert after == pytest.approx(before, abs=0.01), feature


def test_features_tell_of_the_outcome_without_deciding_it(table: pd.DataFrame) -> None:
    latest = table.groupby("dob_ssn").last()
    score = area_under_roc(persons().defaulted, latest.missed_payments_2y)
    assert 0.75 < score < 0.95
