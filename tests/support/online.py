"""A read plan of two views and rows for it, without Feast: person n has values made from n."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from hotplate.online import OnlineReader, OnlineReadError
from hotplate.online.write.frames import field_of
from hotplate.protocol.read_plan import (
    FeaturePlan,
    JoinKey,
    ReadPlan,
    ServiceFeature,
    ServicePlan,
    ViewPlan,
)

SERVICE = "scoring_v1"
NOW = datetime.now(UTC)


def _view(name: str, key: JoinKey, features: dict[str, str]) -> ViewPlan:
    plans = (FeaturePlan(f, dtype, field_of(name, f).hex()) for f, dtype in features.items())
    return ViewPlan(name, (key,), tuple(plans), 90 * 86_400)


VIEWS = (
    _view("places", JoinKey("zipcode", "INT64"), {"city": "STRING", "population": "INT64"}),
    _view("people", JoinKey("person", "STRING"), {"due": "INT64", "ratio": "DOUBLE"}),
)
_FEATURES = tuple(ServiceFeature(view.name, f.name) for view in VIEWS for f in view.features)
PLAN = ReadPlan(
    "credit",
    VIEWS,
    (),
    (
        ServicePlan(
            SERVICE, tuple(ServiceFeature(v.name, f.name) for v in VIEWS for f in v.features)
        ),
    ),
)


def view(name: str) -> ViewPlan:
    return next(view for view in VIEWS if view.name == name)


def people(count: int) -> list[dict[str, Any]]:
    """Return the join keys of the first so many persons."""
    return [_keys(n) for n in range(count)]


def _keys(n: int) -> dict[str, Any]:
    return {"zipcode": n, "person": f"person-{n}"}


def expected(n: int) -> dict[str, Any]:
    """Return the features of person n."""
    return {"city": f"city-{n}", "population": n * 1000, "due": n * n, "ratio": n / 7}


def table(name: str, count: int, when: datetime = NOW) -> pa.Table:
    """Return the rows of a view for the first so many persons."""
    features = [feature.name for feature in view(name).features]
    keys = [key.name for key in view(name).join_keys]
    rows = [{**keys_of, **expected(n)} for n, keys_of in enumerate(people(count))]
    columns = {column: [row[column] for row in rows] for column in [*keys, *features]}
    times = pa.array([when] * count, pa.timestamp("us", tz="UTC"))
    return pa.table({**columns, "event_timestamp": times})


async def is_right(reader: OnlineReader, n: int, deadline: float = 1) -> bool:
    """Whether person n is read as it was written."""
    (row,) = await reader.read([_keys(n)], deadline)
    return row.values == expected(n)


async def recovers(reader: OnlineReader, seconds: float = 10) -> bool:
    """Return when a read is answered, and whether it is right."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                return await is_right(reader, 7)
            except OnlineReadError:
                await asyncio.sleep(0.02)


@dataclass
class Load:
    """What became of the reads; `failures` are the persons whose reads failed."""

    right: int = 0
    wrong: int = 0
    failures: list[int] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def failed(self) -> int:
        """How many reads failed."""
        return len(self.failures)

    async def answers(self, reads: int = 100, seconds: float = 20) -> None:
        """Return when so many more reads have been answered."""
        async with asyncio.timeout(seconds):
            for _ in range(reads):
                self.answered.clear()
                await self.answered.wait()


@asynccontextmanager
async def under_load(
    reader: OnlineReader, count: int, readers: int = 4, deadline: float = 0.5
) -> AsyncIterator[Load]:
    """Read persons one after the other, several at a time, as long as the context is open."""
    load, stop, persons = Load(), asyncio.Event(), people(count)

    async def read_on(n: int) -> None:
        while not stop.is_set():
            n = (n + 1) % count
            try:
                (row,) = await reader.read([persons[n]], deadline)
            except OnlineReadError:
                load.failures.append(n)
                await asyncio.sleep(0.01)
            else:
                right = row.values == expected(n)
                load.right, load.wrong = load.right + right, load.wrong + (not right)
                load.answered.set()
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(read_on(start)) for start in range(readers)]
    try:
        yield load
    finally:
        stop.set()
        await asyncio.gather(*tasks)
