"""Cron schedules of five fields, and time zones, checked field by field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from typing import Annotated
from zoneinfo import available_timezones

from croniter import croniter
from croniter.croniter import CroniterError
from pydantic import Field

from hotplate.api.fields.rules import Rule, matching

_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DAYS = "SUN|MON|TUE|WED|THU|FRI|SAT"
_CRON_FIELDS = (
    r"[0-5]?[0-9]",
    r"[01]?[0-9]|2[0-3]",
    r"0?[1-9]|[12][0-9]|3[01]",
    rf"0?[1-9]|1[0-2]|{_MONTHS}",
    rf"[0-7]|{_DAYS}",
)


def _cron_field(value: str) -> str:
    part = rf"(\*|({value})(-({value}))?)(/[1-9][0-9]?)?"
    return rf"{part}(,{part})*"


@cache
def _zones() -> frozenset[str]:
    """Return all time zones; listing them takes 10 ms, so that it is done once."""
    return frozenset(available_timezones())


CronSchedule = Annotated[
    str,
    Field(max_length=128),
    matching(
        " +".join(_cron_field(value) for value in _CRON_FIELDS),
        "expected five cron fields (minute, hour, day of month, month, day of week),"
        " such as */15 * * * *",
    ),
]
TimeZone = Annotated[
    str,
    Field(max_length=64),
    matching(
        r"[A-Za-z]+(/[A-Za-z0-9_+-]+)*", "expected a time zone's IANA name, such as Europe/Paris"
    ),
    Rule(
        None,
        "expected a time zone that exists, such as Europe/Paris",
        lambda zone: zone in _zones(),
    ),
]

_INTERVALS = 8
_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


@cache
def longest_interval(schedule: str) -> timedelta:
    """Return the longest of eight intervals of a schedule; zero for one that is never due."""
    try:
        due = croniter(schedule, _MONDAY).all_next(datetime)
        times = list(islice(due, _INTERVALS + 1))
    except (CroniterError, ValueError):
        return timedelta(0)
    return max((later - earlier for earlier, later in pairwise(times)), default=timedelta(0))
