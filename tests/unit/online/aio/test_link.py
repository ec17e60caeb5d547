"""Any stream of replies, in any pieces: a request gets its own replies or an error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import hiredis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotplate.online import OnlineStoreTimeout, OnlineStoreUnavailable
from hotplate.online.aio.link import Link
from hotplate.online.connection.resp import bulk, command

SCALARS = st.one_of(
    st.binary(max_size=20).map(bulk),
    st.just(b"$-1\r\n"),
    st.integers(-(2**63), 2**63 - 1).map(lambda n: b":%d\r\n" % n),
    st.text("ab c", max_size=9).map(lambda text: b"+" + text.encode() + b"\r\n"),
)
REPLIES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4).map(lambda r: b"*%d\r\n%b" % (len(r), b"".join(r))),
    max_leaves=6,
)
REQUESTS = st.lists(st.lists(REPLIES, min_size=1, max_size=4), min_size=1, max_size=8)


class Wire:
    """What a link writes to; it keeps the numbers that close each request."""

    def __init__(self) -> None:
        self.sent = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def abort(self) -> None:
        self.closed = True

    def numbers(self) -> list[bytes]:
        parser = hiredis.Reader(notEnoughData=...)
        parser.feed(self.sent)
        return [sent[1] for sent in iter(parser.gets, ...) if sent[0] == b"ECHO"]


def receive(link: Link, data: bytes) -> None:
    """Put the bytes where a transport puts them."""
    buffer = link.get_buffer(-1)
    buffer[: len(data)] = data
    link.buffer_updated(len(data))


def outcomes(
    requests: list[list[bytes]], stream: Callable[[list[bytes]], list[bytes]]
) -> list[Any]:
    """Return what each request gets: its replies, or an error; `stream` makes pieces of them."""

    async def run() -> list[Any]:
        link, wire = Link("here"), Wire()
        link.connection_made(wire)  # type: ignore[arg-type]
        until = asyncio.get_running_loop().time() + 60
        futures = [link.request([command("X")] * len(r), until) for r in requests]
        await asyncio.sleep(0)
        numbers = wire.numbers()
        groups = [b"".join(r) + bulk(number) for r, number in zip(requests, numbers, strict=True)]
        for piece in stream(groups):
            receive(link, piece)
        link.close("the stream is over")
        return list(await asyncio.gather(*futures, return_exceptions=True))

    return asyncio.run(run())


def parsed(requests: list[list[bytes]]) -> list[list[Any]]:
    """Return what hiredis makes of the replies of each request alone."""
    made = []
    for replies in requests:
        parser = hiredis.Reader(notEnoughData=...)
        parser.feed(b"".join(replies))
        made.append(list(iter(parser.gets, ...)))
    return made


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(stream) + 1) for place in places} | {0, len(stream)})
    return [stream[start:end] for start, end in pairwise(ends)]


PLACES = st.lists(st.integers(0, 5000), max_size=12)


@settings(max_examples=100, deadline=None)
@given(REQUESTS, PLACES)
def test_a_whole_stream_in_any_pieces_answers_every_request(
    requests: list[list[bytes]], places: list[int]
) -> None:
    found = outcomes(requests, lambda groups: cut(b"".join(groups), places))
    assert found == parsed(requests)


@settings(max_examples=100, deadline=None)
@given(REQUESTS, PLACES, st.data())
def test_groups_that_are_lost_doubled_or_swapped_never_answer_another_request(
    requests: list[list[bytes]], places: list[int], data: Any
) -> None:
    def shuffled(groups: list[bytes]) -> list[bytes]:
        order = data.draw(st.lists(st.integers(0, len(groups) - 1), max_size=len(groups) + 2))
        return cut(b"".join(groups[at] for at in order), places)

    for found, expected in zip(outcomes(requests, shuffled), parsed(requests), strict=True):
        assert found == expected or isinstance(found, OnlineStoreUnavailable)


@settings(max_examples=150, deadline=None)
@given(REQUESTS, PLACES, st.binary(max_size=40), st.integers(0, 5000))
def test_foreign_bytes_end_in_an_error_or_leave_whole_answers(
    requests: list[list[bytes]], places: list[int], foreign: bytes, at: int
) -> None:
    def damaged(groups: list[bytes]) -> list[bytes]:
        stream = b"".join(groups)
        place = at % (len(stream) + 1)
        return cut(stream[:place] + foreign + stream[place:], places)

    for found, replies in zip(outcomes(requests, damaged), requests, strict=True):
        whole = isinstance(found, list) and len(found) == len(replies)
        assert whole or isinstance(found, OnlineStoreUnavailable)


async def test_each_request_ends_at_its_own_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    link, wire = Link("here"), Wire()
    link.connection_made(wire)  # type: ignore[arg-type]
    now = asyncio.get_running_loop().time()
    last, first, answered = [
        link.request([command("PING")], now + seconds) for seconds in (3600, 0.02, 7200)
    ]
    with pytest.raises(OnlineStoreTimeout):
        await first
    assert not last.done()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now + 3600)
    with pytest.raises(OnlineStoreTimeout):
        await last
    assert not answered.done()
    replies = b"".join(b"+PONG\r\n" + bulk(number) for number in wire.numbers())
    receive(link, replies)
    assert await answered == [b"PONG"]
    assert not wire.closed


async def test_requests_that_wait_for_others_are_sent_together() -> None:
    link, wire = Link("here"), Wire()
    link.connection_made(wire)  # type: ignore[arg-type]
    writes: list[bytes] = []
    wire.write = writes.append  # type: ignore[method-assign]
    until = asyncio.get_running_loop().time() + 30
    for _ in range(10):
        link.request([command("PING")], until)
    assert len(writes) == 1, "the first is sent at once"
    await asyncio.sleep(0)
    assert len(writes) == 2
    link.close("done")
