"""A whole online store over blocking sockets: one server, or the shards of a cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from time import sleep
from typing import Any, Self

from hotplate.online.blocking.link import BlockingLink, open_blocking_link
from hotplate.online.connection.config import Connection
from hotplate.online.connection.resp import command
from hotplate.online.connection.routing import (
    ASKING,
    CLUSTER_SLOTS,
    MOST_REDIRECTIONS,
    Address,
    Choice,
    Redirection,
    choose_primary,
    is_half_moved,
    redirection,
    slot_of,
    slot_table,
)
from hotplate.online.errors import OnlineReadError, OnlineStoreUnavailable

_HALF_MOVED_SECONDS = 0.02


class BlockingStore:
    """Sends batches of commands and collects their replies: first sent, first collected.

    Deadlines are in `time.monotonic`. Any error closes every connection, so that a late reply is
    never matched to a later request; the next batch reconnects. `script` is loaded on each link.
    """

    def __init__(
        self, connection: Connection, script: str | None = None, choose: Choice = choose_primary
    ) -> None:
        self._connection = connection
        self._choose = choose
        self._script = script
        self._seed: Address = (connection.host, connection.port)
        self._known: list[Address] = [self._seed]
        self._links: dict[Address, BlockingLink] = {}
        self._redirects: dict[Address, BlockingLink] = {}
        self._table: list[Address | None] = []
        self._sent: deque[tuple[Sequence[bytes], dict[Address, list[int]]]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all links and drop what is in flight."""
        for link in [*self._links.values(), *self._redirects.values()]:
            link.close()
        self._links, self._redirects, self._table = {}, {}, []
        self._sent.clear()

    def send(self, keys: Sequence[bytes], commands: Sequence[bytes], until: float) -> None:
        """Send the command of each key."""
        try:
            if not self._sent:
                self._renew(until)
            places = self._places(keys, until) if self._connection.cluster else {}
            for address, at in places.items():
                self._link(address, until).send(b"".join([commands[n] for n in at]), until)
            if not self._connection.cluster:
                self._link(self._seed, until).send(b"".join(commands), until)
        except OnlineReadError:
            self.close()
            raise
        self._sent.append((commands, places))

    def collect(self, until: float) -> list[Any]:
        """Return the replies to the batch sent first, in the order of its commands."""
        commands, places = self._sent.popleft()
        replies: list[Any] = [None] * len(commands)
        try:
            if not self._connection.cluster:
                return self._links[self._seed].receive(len(commands), until)
            for address, at in places.items():
                received = self._links[address].receive(len(at), until)
                for n, reply in zip(at, received, strict=True):
                    replies[n] = self._follow(commands[n], reply, address, until)
        except OnlineReadError:
            self.close()
            raise
        return replies

    def _renew(self, until: float) -> None:
        for link in self._links.values():
            link.renew(until)

    def _places(self, keys: Sequence[bytes], until: float) -> dict[Address, list[int]]:
        if not self._table:
            self._table = self._read_table(until)
            self._known = list(dict.fromkeys([*filter(None, self._table), self._seed]))
        places: dict[Address, list[int]] = {}
        for at, key in enumerate(keys):
            address = self._table[slot_of(key)]
            if address is None:
                raise OnlineStoreUnavailable(f"no server of the cluster has slot {slot_of(key)}")
            places.setdefault(address, []).append(at)
        return places

    def _read_table(self, until: float) -> list[Address | None]:
        failure: OnlineReadError | None = None
        for address in self._known:
            try:
                reply = self._link(address, until).ask(CLUSTER_SLOTS, until)
                return slot_table(reply, address[0], self._choose)
            except OnlineReadError as error:
                failure = error
                self._links.pop(address, None)
        raise failure or OnlineStoreUnavailable("no known server of the cluster answers")

    def _link(self, address: Address, until: float) -> BlockingLink:
        link = self._links.get(address)
        if link is None:
            link = self._links[address] = self._opened(address, until)
        return link

    def _opened(self, address: Address, until: float) -> BlockingLink:
        link = open_blocking_link(self._connection, address, until)
        if self._script:
            link.ask(command("SCRIPT", "LOAD", self._script), until)
        return link

    def _follow(self, data: bytes, reply: Any, origin: Address, until: float) -> Any:
        """Follow redirections of one command, on links with nothing else in flight.

        A slot that is half moved refuses a command on several of its keys; it is tried again.
        """
        redirections = 0
        while (to := redirection(reply, self._seed[0])) or is_half_moved(reply):
            if to is None:
                redirections, to = 0, Redirection(origin, ask=False)
                sleep(_HALF_MOVED_SECONDS)
            elif redirections == MOST_REDIRECTIONS:
                raise OnlineStoreUnavailable(f"redirected {redirections} times: {reply}")
            else:
                redirections += 1
                self._table = self._table if to.ask else []
            reply = self._ask_redirected(to, data, until)
        return reply

    def _ask_redirected(self, to: Redirection, data: bytes, until: float) -> Any:
        link = self._redirects.get(to.address) or self._opened(to.address, until)
        self._redirects[to.address] = link
        link.send(ASKING + data if to.ask else data, until)
        return link.receive(1 + to.ask, until)[-1]
