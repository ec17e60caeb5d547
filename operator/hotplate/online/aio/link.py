"""One connection to one server, shared by all reads: requests are pipelined, replies are matched.

Replies are matched to requests by their order, and a guard verifies it: each request ends with an
`ECHO` of its own number, and its replies are accepted only if they end with that number. A request
that was cancelled or timed out keeps its place in the order; its replies are read and dropped.

Requests made while others await their replies are sent together in the next iteration of the loop,
so that concurrent reads share system calls.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import count
from math import inf
from typing import Any, NamedTuple, TypeAlias, cast

import hiredis

from hotplate.online.errors import (
    OnlineReadError,
    OnlineStoreTimeout,
    OnlineStoreUnavailable,
    refusal,
)

Replies: TypeAlias = "asyncio.Future[list[Any]]"

STALL_SECONDS = 1.0
"""A connection whose oldest request is older than this is closed."""

MOST_PENDING = 10_000
"""The most requests that may await their replies on one connection."""

RECEIVE_BYTES = 1 << 16

_INCOMPLETE = object()
_GUARD = b"*2\r\n$4\r\nECHO\r\n$4\r\n"
_TIMER_SECONDS = 0.0005
"""How early a timer may fire: uvloop's have a resolution of a millisecond."""


class _Request(NamedTuple):
    """A request that awaits its replies; times are the loop's."""

    future: Replies
    replies: int
    number: bytes
    sent: float
    until: float


class Link(asyncio.BufferedProtocol):
    """A live connection; the first error on it closes it for good."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.error: OnlineReadError | None = None
        self.reauth_task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._parser = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._pending: deque[_Request] = deque()
        self._unsent: list[bytes] = []
        self._replies: list[Any] = []
        self._buffer = bytearray(RECEIVE_BYTES)
        self._view = memoryview(self._buffer)
        self._numbers = count()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._wakes = inf

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; uvloop's is no subclass of asyncio's."""
        self._transport = cast(asyncio.Transport, transport)

    def request(self, commands: Sequence[bytes], until: float) -> Replies:
        """Send commands; return the future of their replies, `OnlineStoreTimeout` after `until`.

        Raises `OnlineStoreUnavailable` when the link is closed.
        """
        now = self._loop.time()
        pending = self._pending
        if pending and now - pending[0].sent > STALL_SECONDS:
            self.close(f"no reply for {now - pending[0].sent:.1f} s")
        elif len(pending) >= MOST_PENDING:
            raise OnlineStoreUnavailable(f"{self.address}: {MOST_PENDING} reads await a reply")
        if self.error or self._transport is None:
            raise self.error or OnlineStoreUnavailable(f"{self.address}: not connected")
        number = (next(self._numbers) & 0xFFFFFFFF).to_bytes(4)
        future: Replies = self._loop.create_future()
        data = b"".join((*commands, _GUARD, number, b"\r\n"))
        if pending:
            self._send_soon(data)
        else:
            self._transport.write(data)
        pending.append(_Request(future, len(commands), number, now, until))
        if until < self._wakes:
            self._wake_at(until)
        return future

    def _send_soon(self, data: bytes) -> None:
        if not self._unsent:
            self._loop.call_soon(self._send)
        self._unsent.append(data)

    def _send(self) -> None:
        data, self._unsent = b"".join(self._unsent), []
        if self._transport is not None and not self.error:
            self._transport.write(data)

    def get_buffer(self, _: int) -> memoryview:
        """Return the buffer that the transport receives into.

        It is a memoryview: over TLS asyncio fills slices of it, and a slice of bytes is a copy.
        """
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        """Parse the replies and resolve their requests."""
        try:
            self._parser.feed(cast(bytes, self._buffer), 0, nbytes)
            self._replies.extend(iter(self._parser.gets, _INCOMPLETE))
        except hiredis.HiredisError as error:
            self.close(f"the reply is not RESP: {error}")
            return
        self._deliver()

    def _deliver(self) -> None:
        """Resolve requests in order, each if its number follows its replies."""
        pending, replies, first = self._pending, self._replies, 0
        while pending:
            future, expected, number, *_ = pending[0]
            guard = first + expected
            if len(replies) <= guard:
                break
            if replies[guard] != number:
                self.fail(_out_of_order(self.address, replies[first:guard], replies[guard]))
                return
            pending.popleft()
            if not future.done():
                future.set_result(replies[first:guard])
            first = guard + 1
        if not pending and first < len(replies):
            self.close("unexpected reply")
        del replies[:first]

    def _wake_at(self, until: float) -> None:
        """Set the one timer to the earliest deadline: most requests need none of their own."""
        if self._timer is not None:
            self._timer.cancel()
        self._wakes = until
        self._timer = self._loop.call_at(until, self._expire)

    def _expire(self) -> None:
        now = self._loop.time() + _TIMER_SECONDS
        self._timer, self._wakes = None, inf
        waiting = [request for request in self._pending if not request.future.done()]
        for request in waiting:
            if request.until <= now:
                error = OnlineStoreTimeout(f"{self.address}: no answer before the deadline")
                request.future.set_exception(error)
        following = min((r.until for r in waiting if not r.future.done()), default=inf)
        if following < inf:
            self._wake_at(following)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail all pending requests: the server or the network closed the connection."""
        self.close(f"connection lost: {exc or 'closed by the server'}")

    def close(self, reason: str) -> None:
        """Close the link and fail every pending request; only the first reason counts."""
        self.fail(OnlineStoreUnavailable(f"{self.address}: {reason}"))

    def fail(self, error: OnlineReadError) -> None:
        """Close the link with that error, unless it is closed already."""
        if self.error is not None:
            return
        self.error = error
        if self.reauth_task is not None:
            self.reauth_task.cancel()
        if self._transport is not None:
            self._transport.abort()
        if self._timer is not None:
            self._timer.cancel()
        for request in self._pending:
            if not request.future.done():
                request.future.set_exception(type(error)(str(error)))
        self._pending.clear()


def _out_of_order(address: str, replies: Sequence[Any], guard: Any) -> OnlineReadError:
    """Return why the guard did not match: the server refused, or replies are out of order."""
    if not isinstance(guard, hiredis.ReplyError):
        return OnlineStoreUnavailable(f"{address}: replies are out of order")
    errors = [reply for reply in replies if isinstance(reply, hiredis.ReplyError)]
    return refusal(address, (errors or [guard])[0])


async def answers(several: Sequence[Replies]) -> list[list[Any]]:
    """Await the replies of several links; raise the first error and drop the others."""
    try:
        return [await replies for replies in several]
    finally:
        for replies in several:
            if not replies.cancel() and not replies.cancelled():
                replies.exception()
