"""Event times are shifted by whole days up to the last day on which no loan is in the future."""

from datetime import UTC, date, datetime

import pytest
from credit_tables import anchor_day


@pytest.mark.parametrize(
    ("now", "anchor"),
    [
        (datetime(2026, 11, 24, 20, 34, 42, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 24, 20, 34, 41, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 1, 1, 0, 0, tzinfo=UTC), date(2025, 12, 31)),
    ],
)
def test_the_newest_loan_is_less_than_a_day_old_and_never_in_the_future(
    now: datetime, anchor: date
) -> None:
    assert anchor_day(now) == anchor
