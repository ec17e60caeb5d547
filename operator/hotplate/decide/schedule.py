"""When a cron schedule is due, in its time zone, and when to poll what sends no event.

Polled are objects that no body watches: pods, Secrets, the CRDs of add-ons.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from croniter.croniter import CroniterError

FIRST_POLL = timedelta(seconds=10)
_CLOCK_ERROR = timedelta(minutes=5)


class ScheduleError(ValueError):
    """A schedule has no due times; the message says why and what to do."""


def last_due(schedule: str, time_zone: str, now: datetime) -> datetime:
    """Return the last due time up to and including now; of several missed runs, the last one."""
    try:
        if croniter.match(schedule, local := now.astimezone(_zone(time_zone))):
            return local.replace(second=0, microsecond=0).astimezone(now.tzinfo)
        due: datetime = croniter(schedule, local).get_prev(datetime)
    except (CroniterError, ValueError) as error:
        raise _refused(schedule, error) from error
    return due.astimezone(now.tzinfo)


def not_before(done: datetime | None, due: datetime, now: datetime) -> datetime:
    """Return the due time, or a later one that was already acted on: clocks are set back at times.

    One that is far ahead of now is forgotten, since the clock was wrong when it was acted on.
    """
    return max(done, due) if done is not None and done <= now + _CLOCK_ERROR else due


def next_due(schedule: str, time_zone: str, now: datetime) -> datetime:
    """Return the first due time after now."""
    try:
        due: datetime = croniter(schedule, now.astimezone(_zone(time_zone))).get_next(datetime)
    except (CroniterError, ValueError) as error:
        raise _refused(schedule, error) from error
    return due.astimezone(now.tzinfo)


def next_poll(changed: datetime | None, now: datetime) -> datetime:
    """Return when to poll a resource that waits, given when it last changed; None is just now.

    The longer nothing changes, the longer the interval: half the time since the change.
    """
    return now + max(FIRST_POLL, (now - (changed or now)) / 2)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ScheduleError(f"time zone {name} is not known: expected an IANA name") from error


def _refused(schedule: str, error: Exception) -> ScheduleError:
    if isinstance(error, ScheduleError):
        return error
    return ScheduleError(f"schedule {schedule} is never due: {error}")
