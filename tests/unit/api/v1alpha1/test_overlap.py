"""How far behind the watermark a run reads, if the spec does not say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hotplate.api.v1alpha1.materialization import Materialization


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [
        (None, 1),
        ("*/15 * * * *", 1),
        ("0 */6 * * *", 6),
        ("30 2 * * *", 24),
        ("0 9 * * MON-FRI", 72),
        ("0 0 1 * *", 31 * 24),
        ("0 0 31 2 *", 1),
    ],
)
def test_it_is_the_longest_interval_of_the_schedule_and_at_least_an_hour(
    schedule: str | None, hours: int
) -> None:
    assert Materialization(schedule=schedule).reads_behind == timedelta(hours=hours)


def test_an_overlap_of_the_spec_is_taken_as_it_is() -> None:
    spec = Materialization(schedule="30 2 * * *", overlap=timedelta(minutes=5))
    assert spec.reads_behind == timedelta(minutes=5)
