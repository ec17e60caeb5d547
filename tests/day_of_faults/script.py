"""What happens in the day: the rows that appear, the pushes, the kills and the outages."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

TICK = timedelta(minutes=15)
ENTITIES = 8
"""Entities of each view."""

SILENT, BLOCKED = 0, 1
"""The view whose source stops for two hours, and the one whose runs do."""

TWO_HOURS = timedelta(hours=2) // TICK
MAX_DATA_AGE, MAX_STALENESS = timedelta(hours=1), timedelta(minutes=45)
DESTRUCTIVE = 3
LATE, CORRECTED = 0.25, 0.1
"""Shares of the new rows that are late, and of the recent rows that each tick corrects."""

RECENT = timedelta(minutes=45)
KILLED = 0.05


@dataclass(frozen=True)
class Row:
    """A row of a view's source, told by its serial from every other row of the day."""

    view: int
    entity: int
    event: datetime
    created: datetime
    serial: int

    @property
    def order(self) -> tuple[datetime, datetime]:
        """The larger one is the newer row of an entity."""
        return self.event, self.created


@dataclass(frozen=True)
class Script:
    """A day of `runs` ticks; rows, kills and outages by the number of their tick."""

    start: datetime
    runs: int
    views: int
    rows: tuple[tuple[Row, ...], ...]
    pushes: tuple[int, ...]
    kills: frozenset[tuple[int, int]]

    @property
    def restarts(self) -> tuple[int, int]:
        """The ticks in which the online store is restarted."""
        return _restarts(self.runs)

    @property
    def destructive(self) -> tuple[int, ...]:
        """The pushes, by their numbers, that take something away."""
        quarter = len(self.pushes) / (DESTRUCTIVE + 1)
        return tuple(int(quarter * number) for number in range(1, DESTRUCTIVE + 1))

    @property
    def count(self) -> int:
        """All rows of the day."""
        return sum(map(len, self.rows))

    @property
    def corrected(self) -> int:
        """The rows that take the place of one of the same event time."""
        events = {(row.view, row.entity, row.event) for tick in self.rows for row in tick}
        return self.count - len(events)

    @property
    def late(self) -> int:
        """The other rows that appear a tick or more after the one that they belong to."""
        first: dict[tuple[int, int, datetime], Row] = {}
        for row in (row for tick in self.rows[1:] for row in tick):
            first.setdefault((row.view, row.entity, row.event), row)
        return sum(row.created - row.event >= TICK for row in first.values())

    def is_blocked(self, tick: int, view: int) -> bool:
        """Whether the view's pod cannot run."""
        return view == BLOCKED and tick in _blocked(self.runs)


def script(runs: int, views: int, seed: int = 7) -> Script:
    """Return a day that ends now; the same numbers give the same day."""
    chance = random.Random(seed)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    end = now - timedelta(minutes=now.minute % 15)
    start = end - (runs - 1) * TICK
    pushes = max(2 * DESTRUCTIVE + 2, round(runs * 50 / 96))
    return Script(
        start,
        runs,
        views,
        tuple(_rows(chance, start, runs, views)),
        tuple(int(number * runs / pushes) for number in range(pushes)),
        frozenset(chance.sample(_killable(runs, views), round(runs * views * KILLED))),
    )


def _rows(
    chance: random.Random, start: datetime, runs: int, views: int
) -> Iterator[tuple[Row, ...]]:
    """Yield the rows that appear in each tick, some of them corrections of recent ones."""
    serials, recent = count(1), list[Row]()
    for tick in range(runs):
        now = start + tick * TICK
        recent = [row for row in recent if row.event > now - RECENT]
        events = [*_events(chance, now, tick, runs, views)]
        events += [
            (row.view, row.entity, row.event)
            for row in recent
            if _speaks(row.view, tick, runs) and chance.random() < CORRECTED
        ]
        rows = [Row(*event, now, next(serials)) for event in events]
        recent += rows
        yield tuple(rows)


def _events(
    chance: random.Random, now: datetime, tick: int, runs: int, views: int
) -> Iterator[tuple[int, int, datetime]]:
    """Yield view, entity and event time of new rows; those of the first tick are hours old."""
    for view in range(views):
        if not tick:
            for entity in range(ENTITIES):
                yield view, entity, now - timedelta(minutes=chance.randrange(60, 600))
        elif _speaks(view, tick, runs):
            for entity in chance.sample(range(ENTITIES), 3):
                is_late = chance.random() < LATE
                age = chance.randrange(20, 50) if is_late else chance.randrange(15)
                yield view, entity, now - timedelta(minutes=age)


def _speaks(view: int, tick: int, runs: int) -> bool:
    return view != SILENT or tick not in range(runs // 4, runs // 4 + TWO_HOURS)


def _blocked(runs: int) -> range:
    return range(runs // 3, runs // 3 + TWO_HOURS)


def _restarts(runs: int) -> tuple[int, int]:
    return runs // 2, runs * 3 // 4


def _killable(runs: int, views: int) -> list[tuple[int, int]]:
    """Return the runs that write something, but for the last of the day: it is the mend."""
    return [
        (tick, view)
        for tick in range(1, runs - 1)
        for view in range(views)
        if _speaks(view, tick, runs)
        and not (view == BLOCKED and tick in _blocked(runs))
        and tick not in _restarts(runs)
    ]
