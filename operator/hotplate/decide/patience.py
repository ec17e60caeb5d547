"""When to look again at what sends the operator no event: pods, Secrets, kinds of an add-on."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST_LOOK = timedelta(seconds=10)


def next_look(changed: datetime | None, now: datetime) -> datetime:
    """Return when to look again at a resource that waits, and that last changed then.

    The longer nothing changes, the later; the resync comes in between. None is just now.
    """
    return now + max(FIRST_LOOK, (now - (changed or now)) / 2)
