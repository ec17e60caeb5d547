"""A cluster of servers: each key's command goes to its shard, to all shards at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from hotplate.online.aio.link import answers
from hotplate.online.aio.shard import Shard
from hotplate.online.connection.config import Connection
from hotplate.online.connection.resp import command
from hotplate.online.connection.routing import (
    ASKING,
    CLUSTER_SLOTS,
    MOST_REDIRECTIONS,
    Address,
    Choice,
    PreferReplica,
    choose_primary,
    redirection,
    slot_of,
    slot_table,
)
from hotplate.online.errors import OnlineReadError, OnlineStoreUnavailable

REFRESH_SECONDS = 1.0
"""The deadline for one server to return the slot table."""

REPLICAS_SECONDS = 30.0
"""The interval at which a reader of replicas refreshes their list."""

DISAGREEMENT_SECONDS = 0.005
"""The pause before servers that redirect to each other are asked again."""

REFRESH_PAUSE_SECONDS = 0.05
"""The shortest time between two refreshes of the slot table."""


class Cluster:
    """Asks the shards of a cluster, and follows moved slots and new primaries."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seed: Address = (connection.host, connection.port)
        self._shards: dict[Address, Shard] = {}
        self._table: list[Address | None] = []
        self._refreshing: asyncio.Task[None] | None = None
        self._choose: Choice = choose_primary
        if connection.prefer_replica:
            self._choose = PreferReplica(connection.zone, self._is_down, self._shards.__contains__)
        self._next_refresh: asyncio.TimerHandle | None = None

    async def ask(
        self, keys: Sequence[bytes], commands: Sequence[bytes], until: float
    ) -> list[Any]:
        """Return a reply for each key's command, in order; `until` is in the loop's time."""
        if not self._table:
            await self._first_table(until)
        try:
            replies = await self._ask_shards(self._positions(keys), commands, until)
            for at, reply in enumerate(replies):
                if redirection(reply, self._seed[0]):
                    replies[at] = await self._follow(keys[at], commands[at], reply, until)
        except OnlineReadError:
            self._refresh_soon()
            raise
        return replies

    async def ping(self, until: float) -> None:
        """Return when every shard answers."""
        if not self._table:
            await self._first_table(until)
        shards = {self._shard(address) for address in self._table if address}
        await asyncio.gather(*(shard.ask([command("PING")], until) for shard in shards))

    async def close(self) -> None:
        """Close all connections."""
        if self._next_refresh:
            self._next_refresh.cancel()
        if self._refreshing:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)
        await asyncio.gather(*(shard.close() for shard in self._shards.values()))

    def _positions(self, keys: Sequence[bytes]) -> dict[Shard, list[int]]:
        """Return which of the keys are in which shard, by their position."""
        places: dict[Shard, list[int]] = {}
        for at, key in enumerate(keys):
            slot = slot_of(key)
            address = self._table[slot]
            if address is None:
                self._refresh_soon()
                raise OnlineStoreUnavailable(f"no server of the cluster has slot {slot}")
            places.setdefault(self._shard(address), []).append(at)
        return places

    async def _ask_shards(
        self, places: dict[Shard, list[int]], commands: Sequence[bytes], until: float
    ) -> list[Any]:
        requests = [[commands[n] for n in at] for at in places.values()]
        links = [shard.link for shard in places]
        if all(links):
            futures = [
                link.request(request, until)
                for link, request in zip(links, requests, strict=True)
                if link
            ]
            groups = await answers(futures)
        else:
            asked = zip(places, requests, strict=True)
            groups = await asyncio.gather(*(shard.ask(request, until) for shard, request in asked))
        replies: list[Any] = [None] * len(commands)
        for at, group in zip(places.values(), groups, strict=True):
            for n, reply in zip(at, group, strict=True):
                replies[n] = reply
        return replies

    async def _follow(self, key: bytes, data: bytes, reply: Any, until: float) -> Any:
        """Follow redirections of one command until the deadline.

        While a slot is being moved, its servers may redirect to each other for a moment.
        """
        redirections = 0
        while (to := redirection(reply, self._seed[0])) is not None:
            if redirections >= MOST_REDIRECTIONS:
                if asyncio.get_running_loop().time() + DISAGREEMENT_SECONDS > until:
                    raise OnlineStoreUnavailable(f"redirected {redirections} times: {reply}")
                await asyncio.sleep(DISAGREEMENT_SECONDS)
            redirections += 1
            if not to.ask:
                self._table[slot_of(key)] = to.address
                self._refresh_soon()
            asked = [ASKING, data] if to.ask else [data]
            reply = (await self._shard(to.address).ask(asked, until))[-1]
        return reply

    def _shard(self, address: Address) -> Shard:
        shard = self._shards.get(address)
        if shard is None:
            shard = self._shards[address] = Shard(self._connection, *address)
        return shard

    def _refresh_soon(self) -> None:
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh())

    async def _first_table(self, until: float) -> None:
        reply = (await self._shard(self._seed).ask([CLUSTER_SLOTS], until))[0]
        self._table = slot_table(reply, self._seed[0], self._choose)
        self._schedule_refresh()

    async def _refresh(self) -> None:
        """Use the slot table of the first server that returns one, else keep the old one."""
        for address in dict.fromkeys([*filter(None, self._table), self._seed]):
            until = asyncio.get_running_loop().time() + REFRESH_SECONDS
            try:
                reply = (await self._shard(address).ask([CLUSTER_SLOTS], until))[0]
                self._table = slot_table(reply, address[0], self._choose)
                break
            except OnlineReadError:
                continue
        await self._drop_gone()
        self._schedule_refresh()
        await asyncio.sleep(REFRESH_PAUSE_SECONDS)

    def _is_down(self, address: Address) -> bool:
        shard = self._shards.get(address)
        return shard is not None and shard.is_down

    def _schedule_refresh(self) -> None:
        """Refresh later, to find replicas that are up again; changed primaries redirect reads."""
        if self._next_refresh:
            self._next_refresh.cancel()
        if self._connection.prefer_replica:
            loop = asyncio.get_running_loop()
            self._next_refresh = loop.call_later(REPLICAS_SECONDS, self._refresh_soon)

    async def _drop_gone(self) -> None:
        known = {*filter(None, self._table), self._seed}
        for address in [address for address in self._shards if address not in known]:
            await self._shards.pop(address).close()
