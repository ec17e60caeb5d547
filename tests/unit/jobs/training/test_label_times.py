"""Labels of one moment are kept apart: Feast's file store would keep one of them."""

import pandas as pd

from hotplate.jobs.training.labels import _distinct


def times(*texts: str) -> pd.Series:
    return pd.to_datetime(pd.Series(texts), utc=True, format="ISO8601")


def test_labels_of_one_moment_are_kept_apart() -> None:
    given = times("2026-01-01", "2026-01-01", "2026-01-02")
    apart = _distinct(given)
    assert apart.is_unique
    assert (apart - given).max() < pd.Timedelta("1ms")


def test_labels_a_microsecond_after_equal_ones_are_kept_apart_too() -> None:
    given = times("2026-01-01T00:00:00.000001", "2026-01-01", "2026-01-01", "2026-01-01")
    apart = _distinct(given)
    assert apart.is_unique
    assert apart.argsort().tolist() == [1, 2, 3, 0]


def test_times_that_are_all_different_stay_as_they_are() -> None:
    given = times("2026-01-03", "2026-01-01T00:00:00.5", "2026-01-02")
    assert _distinct(given).tolist() == given.tolist()
