"""Where a key lives in a cluster: slots, their servers, replicas and redirections. No I/O."""

from __future__ import annotations

import random
from binascii import crc_hqx
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import hiredis

from hotplate.online.connection.resp import command
from hotplate.online.errors import OnlineStoreUnavailable

SLOTS = 16_384
MOST_REDIRECTIONS = 5
ASKING = command("ASKING")
CLUSTER_SLOTS = command("CLUSTER", "SLOTS")

Address: TypeAlias = tuple[str, int]
Choice: TypeAlias = "Callable[[Node, Sequence[Node]], Address]"
"""Which of a shard's servers to ask: its primary, or one of its replicas."""


def slot_of(key: bytes) -> int:
    """Return the slot of a key; if it has a hash tag (text in braces), the tag's slot."""
    opening = key.find(b"{")
    if opening >= 0:
        closing = key.find(b"}", opening + 1)
        if closing > opening + 1:
            key = key[opening + 1 : closing]
    return crc_hqx(key, 0) & (SLOTS - 1)


@dataclass(frozen=True)
class Node:
    """A server of a cluster, and its availability zone if the cluster reports it."""

    address: Address
    zone: str = ""


def choose_primary(primary: Node, _: Sequence[Node]) -> Address:
    """Return the primary, which accepts writes and has the latest ones."""
    return primary.address


@dataclass(frozen=True)
class PreferReplica:
    """Chooses the server of a shard for stale-tolerant reads.

    That is a replica in the same zone, else any replica, else the primary; replicas that are down
    are skipped. The choice is random, so that many readers spread over the replicas, but a server
    that is already in use is kept.
    """

    zone: str
    is_down: Callable[[Address], bool]
    is_in_use: Callable[[Address], bool]

    def __call__(self, primary: Node, replicas: Sequence[Node]) -> Address:
        """Return the address to ask."""
        up = [node for node in replicas if not self.is_down(node.address)]
        near = [node for node in up if self.zone and node.zone == self.zone]
        best = near or up or [primary]
        in_use = [node for node in best if self.is_in_use(node.address)]
        return random.choice(in_use or best).address  # noqa: S311 - spreads load


def slot_table(reply: Any, asked: str, choose: Choice = choose_primary) -> list[Address | None]:
    """Return the server chosen for each slot from the reply to CLUSTER SLOTS.

    A server that does not know its own host name sends none: it is the one that was asked. Raises
    `OnlineStoreUnavailable` for an error reply, such as that of a server without cluster mode.
    """
    if not isinstance(reply, list):
        raise OnlineStoreUnavailable(f"{asked}: CLUSTER SLOTS: {reply}")
    table: list[Address | None] = [None] * SLOTS
    chosen: dict[str, Address] = {}
    for first, last, *nodes in reply:
        shard = repr(nodes)
        if shard not in chosen:
            primary, *replicas = (_node(node, asked) for node in nodes)
            chosen[shard] = choose(primary, replicas)
        table[first : last + 1] = [chosen[shard]] * (last + 1 - first)
    return table


def _node(entry: Sequence[Any], asked: str) -> Node:
    """Return a node of CLUSTER SLOTS: host, port, id, and optional names and values."""
    host, port, *rest = entry
    metadata = rest[1] if len(rest) > 1 else ()
    pairs = dict(zip(metadata[::2], metadata[1::2], strict=False))
    zone = pairs.get(b"availability-zone", b"").decode()
    return Node((host.decode() if host else asked, port), zone)


@dataclass(frozen=True)
class Redirection:
    """The server to ask instead; with `ask` for this one command only."""

    address: Address
    ask: bool


def redirection(reply: Any, asked: str) -> Redirection | None:
    """Return the target of an error reply `MOVED slot host:port` or `ASK ...`."""
    if not isinstance(reply, hiredis.ReplyError):
        return None
    kind, *rest = str(reply).split(" ")
    if kind not in ("MOVED", "ASK") or len(rest) != 2:
        return None
    host, _, port = rest[1].rpartition(":")
    return Redirection((host or asked, int(port)), kind == "ASK")


def is_half_moved(reply: Any) -> bool:
    """Return whether the keys of a command are on two servers while their slot is being moved."""
    return isinstance(reply, hiredis.ReplyError) and str(reply).startswith("TRYAGAIN ")
