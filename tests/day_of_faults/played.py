"""A side's day, minute by minute, and what is counted in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import redis

from day_of_faults.by_feast import FeastSide
from day_of_faults.by_hotplate import HotplateSide, life
from day_of_faults.definitions import Push, name_of, push, value_of, write_source
from day_of_faults.script import (
    BLOCKED,
    MAX_DATA_AGE,
    MAX_STALENESS,
    SILENT,
    Row,
    Script,
)
from day_of_faults.side import Side, Store
from equality.by_feast import DATABASE
from equality.stored import stored_rows
from support.feast.user_process import user_process

PROJECT = "day"
Key = tuple[int, int]
"""A view and an entity."""


@dataclass
class Tally:
    """What is counted of a side; the first four are to be 0.

    `needless` are minutes in which something says that a view is stale, and none is.
    """

    rows_lost: int = 0
    older_over_newer: int = 0
    destroyed: int = 0
    stale_unsaid: int = 0
    rows: int = 0
    runs: int = 0
    failed: int = 0
    stale: int = 0
    needless: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.rows_lost or self.older_over_newer or self.destroyed or self.stale_unsaid)


@dataclass
class Day:
    """A side's day so far: its rows by view, by serial, and the rows last seen online."""

    script: Script
    side: Side
    store: Store
    client: redis.Redis
    folder: Path
    sources: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    serials: dict[int, Row] = field(default_factory=dict)
    online: dict[Key, Row] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

    def play(self) -> Tally:
        """Play the whole day; the last minute is the last run's."""
        numbers = {tick: number for number, tick in enumerate(self.script.pushes)}
        for minute in range((self.script.runs - 1) * 15 + 1):
            tick, now = minute // 15, self.script.start + timedelta(minutes=minute)
            if minute % 15 == 0:
                self._tick(tick, now, is_first=not minute)
            if minute % 15 == 7 and tick in numbers and tick:
                self._push(numbers[tick], now)
            self.side.look(now)
            self._count_staleness(now)
        self._compare()
        self.tally.runs, self.tally.failed = self.side.runs, self.side.failed
        return self.tally

    def _tick(self, tick: int, now: datetime, *, is_first: bool) -> None:
        for row in self.script.rows[tick]:
            self.sources[row.view].append(row)
            self.serials[row.serial] = row
        for view in {row.view for row in self.script.rows[tick]}:
            write_source(view, self.sources[view], self.folder / "data")
        if isinstance(self.side, HotplateSide):
            blocked = self.script.is_blocked(tick, BLOCKED)
            self.side.blocked = {name_of(BLOCKED)} if blocked else set()
        if is_first:
            self._push(0, now)
        for view in self.side.due(now):
            self._run(tick, int(view.removeprefix("v")), now)
        self.side.look(now)
        self._see()

    def _run(self, tick: int, view: int, now: datetime) -> None:
        script = self.script
        if script.is_blocked(tick, view):
            return
        is_away = tick in script.restarts and view == script.views // 2
        with self.store.away() if is_away else nullcontext():
            is_killed = (tick, view) in script.kills
            self.side.materialize(name_of(view), now, is_killed=is_killed)

    def _push(self, number: int, now: datetime) -> None:
        pushed: Push = push(self.script, number, self.folder / "data")
        (self.folder / "repo" / "definitions.py").write_text(pushed.text)
        self.side.push(now)
        if pushed.takes is not None and pushed.takes not in self._defined():
            self.tally.destroyed += 1
        self._see()

    def _defined(self) -> set[str]:
        with user_process():
            views = self.side.store.list_feature_views()
        return {f"{view.name}:{feature.name}" for view in views for feature in view.features}

    def _stored(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield each key's entity and its features, as the registry names them."""
        with user_process():
            for entity, fields in stored_rows(self.client, self.side.store):
                yield int(entity.partition("=")[2]), fields

    def _see(self) -> None:
        """Count the rows that went back to an older one since they were seen last."""
        for entity, fields in self._stored():
            for feature, value in fields.items():
                view, _, name = feature.partition(":")
                if name != "serial" or value is None:
                    continue
                key = (int(view.removeprefix("v")), entity)
                row, before = self.serials[int(value[1])], self.online.get(key)
                self.tally.older_over_newer += before is not None and row.order < before.order
                self.online[key] = row

    def _count_staleness(self, now: datetime) -> None:
        """Count the minute for each promise that is broken, and where nothing says so."""
        newest = [row.event for (view, _), row in self.online.items() if view == SILENT]
        broken = int(now - max(newest) > MAX_DATA_AGE)
        broken += now - self.side.done[name_of(BLOCKED)] > MAX_STALENESS
        self.tally.stale += broken
        self.tally.stale_unsaid += 0 if self.side.warns else broken
        self.tally.needless += self.side.warns and not broken

    def _compare(self) -> None:
        """Count the entities of which a defined feature is not that of the truth."""
        found: dict[str, Any] = {}
        for entity, fields in self._stored():
            found |= {f"{feature}@{entity}": value for feature, value in fields.items()}
        defined = self._defined()
        for row in self._truth():
            features = [each for each in defined if each.startswith(f"{name_of(row.view)}:")]
            self.tally.rows += 1
            self.tally.rows_lost += not features or not all(
                _is(found.get(f"{each}@{row.entity}"), value_of(each.partition(":")[2], row.serial))
                for each in features
            )

    def _truth(self) -> Iterable[Row]:
        """Return the latest row of each entity of each view."""
        latest: dict[Key, Row] = {}
        for row in self.serials.values():
            key = (row.view, row.entity)
            latest[key] = max(row, latest.get(key, row), key=lambda each: each.order)
        return latest.values()


def _is(stored: Any, value: float) -> bool:
    return stored is not None and float(stored[1]) == value


def hotplate_day(script: Script, folder: Path) -> Tally:
    """Return what is counted under Hotplate."""
    repository = _repository(folder)
    with Store(folder / "valkey").running() as store:
        url = f"redis://127.0.0.1:{store.port}"
        side = HotplateSide(life(script, PROJECT), repository, url)
        return Day(script, side, store, redis.Redis.from_url(url), folder).play()


def feast_day(script: Script, folder: Path) -> Tally:
    """Return what is counted under Feast alone."""
    repository = _repository(folder)
    with Store(folder / "valkey").running() as store:
        client = redis.Redis(port=store.port, db=DATABASE)
        side = FeastSide(PROJECT, repository, store.port)
        return Day(script, side, store, client, folder).play()


def _repository(folder: Path) -> Path:
    for name in ("repo", "data"):
        (folder / name).mkdir(parents=True)
    return folder / "repo"
