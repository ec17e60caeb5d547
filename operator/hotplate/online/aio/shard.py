"""One server of the online store; a link that breaks is replaced in the background."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Any

from hotplate.online.aio.connect import open_link
from hotplate.online.aio.link import Link
from hotplate.online.connection.config import Connection
from hotplate.online.connection.resp import command
from hotplate.online.errors import (
    OnlineReadError,
    OnlineStoreRefused,
    OnlineStoreTimeout,
    OnlineStoreUnavailable,
)

FIRST_BACKOFF_SECONDS = 0.05
LONGEST_BACKOFF_SECONDS = 1.0
LONGEST_REFUSED_SECONDS = 10.0
"""The longest pause while the login is refused, which retries do not fix."""


class Shard:
    """Asks one server; while it is unreachable, reads fail at once with the last reason."""

    def __init__(self, connection: Connection, host: str, port: int) -> None:
        self._connection = connection
        self.host, self.port = host, port
        self._link: Link | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._failure: OnlineReadError | None = None

    @property
    def link(self) -> Link | None:
        """The link, if it is up."""
        return None if self._link is None or self._link.error else self._link

    @property
    def is_down(self) -> bool:
        """Whether the server could not be reached, or its connection has broken."""
        return self._failure is not None or (self._link is not None and self.link is None)

    async def ask(self, commands: Sequence[bytes], until: float) -> list[Any]:
        """Send commands and return a reply for each, error replies among them.

        The deadline is in the loop's time and includes the first connect. Raises
        `OnlineStoreTimeout` or `OnlineStoreUnavailable`.
        """
        link = self.link or await self._reconnected(until)
        return await link.request(commands, until)

    async def _reconnected(self, until: float) -> Link:
        if self._connecting is None or self._connecting.done():
            self._failure = None
            self._connected.clear()
            self._connecting = asyncio.create_task(self._connect())
        if self._failure:
            raise type(self._failure)(str(self._failure))
        try:
            async with asyncio.timeout_at(until):
                await self._connected.wait()
        except TimeoutError:
            address = f"{self.host}:{self.port}"
            raise OnlineStoreTimeout(f"{address}: not connected before the deadline") from None
        if self.link is None:
            if self._failure:
                raise type(self._failure)(str(self._failure))
            raise OnlineStoreUnavailable(f"{self.host}: connection lost")
        return self.link

    async def _connect(self) -> None:
        """Connect, with growing pauses between attempts; each failure fails the waiting reads."""
        backoff = FIRST_BACKOFF_SECONDS
        while self._link is None or self._link.error:
            try:
                self._link = await open_link(self._connection, self.host, self.port)
                self._failure = None
            except OnlineReadError as error:
                self._failure = error
            self._connected.set()
            if self._failure:
                await asyncio.sleep(backoff * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                is_refused = isinstance(self._failure, OnlineStoreRefused)
                longest = LONGEST_REFUSED_SECONDS if is_refused else LONGEST_BACKOFF_SECONDS
                backoff = min(2 * backoff, longest)

    async def close(self) -> None:
        """Close the link and stop reconnecting."""
        if self._connecting:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self._link:
            self._link.close("closed")


class Standalone:
    """An online store of one server, and optionally a reader endpoint that is asked first."""

    def __init__(self, connection: Connection) -> None:
        self._shard = Shard(connection, connection.host, connection.port)
        reader = connection.reader if connection.prefer_replica else None
        self._reader = Shard(connection, *reader) if reader else None

    def ask(
        self, _: Sequence[bytes], commands: Sequence[bytes], until: float
    ) -> Awaitable[list[Any]]:
        """Return a reply for each command, in order; `until` is in the loop's time."""
        if self._reader is not None:
            return self._ask_reader(self._reader, commands, until)
        link = self._shard.link
        return link.request(commands, until) if link else self._shard.ask(commands, until)

    async def _ask_reader(
        self, reader: Shard, commands: Sequence[bytes], until: float
    ) -> list[Any]:
        with suppress(OnlineStoreUnavailable):
            return await reader.ask(commands, until)
        return await self._shard.ask(commands, until)

    async def ping(self, until: float) -> None:
        """Return when the server answers."""
        await self._shard.ask([command("PING")], until)

    async def close(self) -> None:
        """Close the connections."""
        await self._shard.close()
        if self._reader is not None:
            await self._reader.close()
