import pandas as pd

from hotplate.jobs.labels import _distinct


def test_labels_of_one_moment_are_kept_apart() -> None:
    times = pd.to_datetime(pd.Series(["2026-01-01", "2026-01-01", "2026-01-02"]), utc=True)

    apart = _distinct(times)
    assert apart.is_unique
    assert (apart - times).max() < pd.Timedelta("1ms")
