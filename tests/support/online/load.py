"""Reads of the rows of `support.online.rows`, one and many, and what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hotplate.online import OnlineReader, OnlineReadError
from support.online.rows import expected, join_keys, people


async def is_right(reader: OnlineReader, n: int, deadline: float = 1) -> bool:
    """Whether person n is read as it was written."""
    (row,) = await reader.read([join_keys(n)], deadline)
    return row.values == expected(n)


async def recovers(reader: OnlineReader, seconds: float = 10) -> bool:
    """Wait until a read is answered; return whether it is right."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                return await is_right(reader, 7)
            except OnlineReadError:
                await asyncio.sleep(0.02)


async def reads_all(reader: OnlineReader, count: int, deadline: float = 1) -> bool:
    """Whether as many persons are read, from 0 on; what is read is right."""
    try:
        rows = await reader.read(people(count), deadline)
    except OnlineReadError:
        return False
    assert [row.values for row in rows] == [expected(n) for n in range(count)]
    return True


async def until(done: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(30):
        while not await done():  # noqa: ASYNC110 - what is awaited is outside of this process
            await asyncio.sleep(0.05)


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
        """Wait until as many more reads have been answered."""
        async with asyncio.timeout(seconds):
            for _ in range(reads):
                self.answered.clear()
                await self.answered.wait()


@asynccontextmanager
async def under_load(
    reader: OnlineReader, count: int, readers: int = 4, deadline: float = 0.5
) -> AsyncIterator[Load]:
    """Read persons, several at a time, until the block ends."""
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
