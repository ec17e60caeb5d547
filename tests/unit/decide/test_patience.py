from datetime import UTC, datetime, timedelta

import pytest

from hotplate.decide.patience import next_look

NOW = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "wait"), [(0, 10), (20, 10), (60, 30), (600, 300), (-60, 10)], ids=str
)
def test_the_longer_nothing_changes_the_later_is_the_next_look(age: int, wait: int) -> None:
    """An age below zero is that of a clock behind the API server's."""
    found = next_look(NOW - timedelta(seconds=age), NOW)

    assert found == NOW + timedelta(seconds=wait)


def test_what_has_just_changed_is_looked_at_soon() -> None:
    assert next_look(None, NOW) == NOW + timedelta(seconds=10)
