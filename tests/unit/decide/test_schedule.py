from datetime import UTC, datetime, timedelta

import pytest

from hotplate.decide.schedule import ScheduleError, last_due, next_due, next_poll

NOW = datetime(2026, 11, 24, 10, 7, 30, tzinfo=UTC)


def at(hour: int, minute: int, day: int = 24) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_the_last_and_the_next_due_time_are_around_now() -> None:
    assert last_due("*/15 * * * *", "Etc/UTC", NOW) == at(10, 0)
    assert next_due("*/15 * * * *", "Etc/UTC", NOW) == at(10, 15)


def test_a_schedule_is_due_at_its_very_minute() -> None:
    assert last_due("7 10 * * *", "Etc/UTC", NOW) == at(10, 7)
    assert next_due("7 10 * * *", "Etc/UTC", NOW) == at(10, 7, day=25)


def test_of_several_missed_runs_the_last_one_is_due() -> None:
    assert last_due("0 * * * *", "Etc/UTC", datetime(2026, 12, 24, 10, 7, tzinfo=UTC)) == datetime(
        2026, 12, 24, 10, 0, tzinfo=UTC
    )


def test_a_schedule_is_in_its_time_zone() -> None:
    assert last_due("0 9 * * *", "Europe/Paris", NOW) == at(8, 0)


def test_a_run_keeps_its_local_hour_when_the_clocks_change() -> None:
    summer = datetime(2026, 7, 24, 10, 7, tzinfo=UTC)

    assert last_due("0 9 * * *", "Europe/Paris", summer).hour == 7


def test_a_time_zone_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(ScheduleError, match="time zone Europe/Atlantis is not known"):
        last_due("0 9 * * *", "Europe/Atlantis", NOW)


def test_a_schedule_that_is_never_due_is_refused() -> None:
    with pytest.raises(ScheduleError, match=r"schedule 0 0 31 2 . is never due"):
        next_due("0 0 31 2 *", "Etc/UTC", NOW)


@pytest.mark.parametrize(
    ("age", "wait"), [(0, 10), (20, 10), (60, 30), (600, 300), (-60, 10)], ids=str
)
def test_the_longer_nothing_changes_the_later_is_the_next_poll(age: int, wait: int) -> None:
    """An age below zero is that of a clock behind the API server's."""
    found = next_poll(NOW - timedelta(seconds=age), NOW)

    assert found == NOW + timedelta(seconds=wait)


def test_what_has_just_changed_is_polled_soon() -> None:
    assert next_poll(None, NOW) == NOW + timedelta(seconds=10)
