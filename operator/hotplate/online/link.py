"""One connection to one server, shared by all reads: requests are pipelined, replies are matched.

Replies belong to requests by their order, and a guard proves it: each request ends with an
`ECHO` of its own number, and a reply counts only when that very number closes it. A request that
was cancelled or timed out keeps its place in the order; its replies are read and dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import count
from typing import Any, TypeAlias, cast

import hiredis

from hotplate.online.connection import Connection
from hotplate.online.errors import OnlineReadError, OnlineStoreTimeout, OnlineStoreUnavailable
from hotplate.online.resp import command

Replies: TypeAlias = "asyncio.Future[list[Any]]"

STALL_SECONDS = 1.0
"""A connection whose oldest request is older than this is given up."""

MOST_PENDING = 10_000
"""Requests that may await their replies on one connection."""

CONNECT_SECONDS = 1.0
"""The deadline for connecting, TLS and login together."""

_INCOMPLETE = object()


class Link(asyncio.Protocol):
    """A live connection; it is closed for good by the first thing that goes wrong on it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.error: OnlineReadError | None = None
        self._loop = asyncio.get_running_loop()
        self._parser = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._pending: deque[tuple[Replies, int, bytes, float]] = deque()
        self._replies: list[Any] = []
        self._numbers = count()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; uvloop's is no subclass of asyncio's."""
        self._transport = cast(asyncio.Transport, transport)

    def request(self, commands: bytes, replies: int) -> Replies:
        """Send commands that bring that many replies; return the future of the replies.

        Raises `OnlineStoreUnavailable` when the link is closed or given up.
        """
        now = self._loop.time()
        if self._pending and now - self._pending[0][3] > STALL_SECONDS:
            self.close(f"no reply for {now - self._pending[0][3]:.1f} s")
        elif len(self._pending) >= MOST_PENDING:
            raise OnlineStoreUnavailable(f"{self.address}: {MOST_PENDING} reads await a reply")
        if self.error or self._transport is None:
            raise self.error or OnlineStoreUnavailable(f"{self.address}: not connected")
        number = b"%08x" % (next(self._numbers) & 0xFFFFFFFF)
        future: Replies = self._loop.create_future()
        self._pending.append((future, replies, number, now))
        self._transport.write(b"%b*2\r\n$4\r\nECHO\r\n$8\r\n%b\r\n" % (commands, number))
        return future

    def data_received(self, data: bytes) -> None:
        """Parse the replies and give them to their requests."""
        try:
            self._parser.feed(data)
            while (reply := self._parser.gets()) is not _INCOMPLETE:
                self._received(reply)
        except hiredis.HiredisError as error:
            self.close(f"the reply is no RESP: {error}")

    def _received(self, reply: Any) -> None:
        if not self._pending:
            self.close("a reply came that nothing asked for")
            return
        future, expected, number, _ = self._pending[0]
        if len(self._replies) < expected:
            self._replies.append(reply)
            return
        if reply != number:
            self.close(_why(self._replies, reply))
            return
        self._pending.popleft()
        replies, self._replies = self._replies, []
        if not future.done():
            future.set_result(replies)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what is pending: the server closed the connection, or the network did."""
        self.close(f"connection lost: {exc or 'closed by the server'}")

    def close(self, reason: str) -> None:
        """Close the link and fail every pending request; later reasons change nothing."""
        if self.error is not None:
            return
        self.error = OnlineStoreUnavailable(f"{self.address}: {reason}")
        if self._transport is not None:
            self._transport.abort()
        for future, *_ in self._pending:
            if not future.done():
                future.set_exception(OnlineStoreUnavailable(str(self.error)))
        self._pending.clear()


def _why(replies: Sequence[Any], guard: Any) -> str:
    """Return why the guard is not there: the server refuses, or the replies are out of step."""
    if not isinstance(guard, hiredis.ReplyError):
        return "a reply came out of step"
    errors = [reply for reply in replies if isinstance(reply, hiredis.ReplyError)]
    return f"the server refuses: {(errors or [guard])[0]}"


async def answer(replies: Replies, until: float) -> list[Any]:
    """Await replies until then, in the loop's time; raise `OnlineStoreTimeout` after it.

    A timer of its own is several times cheaper than `asyncio.timeout`.
    """
    timer = asyncio.get_running_loop().call_at(until, _expire, (replies,))
    try:
        return await replies
    finally:
        timer.cancel()


async def answers(several: Sequence[Replies], until: float) -> list[list[Any]]:
    """Await the replies of several links; the first error is raised, the others are dropped."""
    timer = asyncio.get_running_loop().call_at(until, _expire, several)
    try:
        return [await replies for replies in several]
    finally:
        timer.cancel()
        for replies in several:
            if not replies.cancel() and not replies.cancelled():
                replies.exception()


def _expire(several: Sequence[Replies]) -> None:
    for replies in several:
        if not replies.done():
            replies.set_exception(OnlineStoreTimeout("no answer before the deadline"))


async def open_link(connection: Connection, host: str, port: int) -> Link:
    """Connect, log in and PING; raise `OnlineStoreUnavailable` saying what failed."""
    address = f"{host}:{port}"
    link = Link(address)
    try:
        context = connection.ssl_context()
        server_name = host if context else None
        async with asyncio.timeout(CONNECT_SECONDS):
            await asyncio.get_running_loop().create_connection(
                lambda: link, host, port, ssl=context, server_hostname=server_name
            )
            await _log_in(link, connection)
    except TimeoutError:
        link.close(f"no connection within {CONNECT_SECONDS:.0f} s")
    except OSError as error:
        link.close(str(error))
    except BaseException:
        link.close("the login did not finish")
        raise
    if link.error:
        raise link.error
    return link


async def _log_in(link: Link, connection: Connection) -> None:
    commands = connection.login()
    for reply in await link.request(b"".join(command(*c) for c in commands), len(commands)):
        if isinstance(reply, hiredis.ReplyError):
            link.close(f"the server refuses: {reply}")
            return
