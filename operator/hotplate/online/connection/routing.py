"""Where a key lives in a cluster: slots, the table of their servers, and redirections. No I/O."""

from __future__ import annotations

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
    """Return the slot of a key; what stands in its first braces alone counts, if anything."""
    opening = key.find(b"{")
    if opening >= 0:
        closing = key.find(b"}", opening + 1)
        if closing > opening + 1:
            key = key[opening + 1 : closing]
    return crc_hqx(key, 0) & (SLOTS - 1)


@dataclass(frozen=True)
class Node:
    """A server of a cluster, and its availability zone where the cluster tells it."""

    address: Address
    zone: str = ""


def primary(node: Node, _: Sequence[Node]) -> Address:
    """Return the primary: it alone has what was written last, and takes what is written."""
    return node.address


def slot_table(reply: Any, asked: str, choose: Choice = primary) -> list[Address | None]:
    """Return the server chosen for each slot from the reply to CLUSTER SLOTS.

    A server that does not know its own name sends none: it is the one that was asked. Raises
    `OnlineStoreUnavailable` when the reply is an error, as from a server that is no cluster.
    """
    if not isinstance(reply, list):
        raise OnlineStoreUnavailable(f"{asked}: CLUSTER SLOTS: {reply}")
    table: list[Address | None] = [None] * SLOTS
    chosen: dict[str, Address] = {}
    for first, last, *nodes in reply:
        shard = repr(nodes)
        if shard not in chosen:
            head, *replicas = (_node(node, asked) for node in nodes)
            chosen[shard] = choose(head, replicas)
        table[first : last + 1] = [chosen[shard]] * (last + 1 - first)
    return table


def _node(entry: Sequence[Any], asked: str) -> Node:
    """Return a node of CLUSTER SLOTS: host, port, id, and pairs of names and values if any."""
    host, port, *rest = entry
    told = rest[1] if len(rest) > 1 else ()
    pairs = dict(zip(told[::2], told[1::2], strict=False))
    zone = pairs.get(b"availability-zone", b"").decode()
    return Node((host.decode() if host else asked, port), zone)


@dataclass(frozen=True)
class Redirection:
    """Where a server sends a command instead; `ask` for this one command only."""

    address: Address
    ask: bool


def redirection(reply: Any, asked: str) -> Redirection | None:
    """Return where an error reply `MOVED slot host:port` or `ASK ...` sends its command."""
    if not isinstance(reply, hiredis.ReplyError):
        return None
    kind, *rest = str(reply).split(" ")
    if kind not in ("MOVED", "ASK") or len(rest) != 2:
        return None
    host, _, port = rest[1].rpartition(":")
    return Redirection((host or asked, int(port)), kind == "ASK")


def is_half_moved(reply: Any) -> bool:
    """Return whether a server refuses a command because its keys are on two servers just now."""
    return isinstance(reply, hiredis.ReplyError) and str(reply).startswith("TRYAGAIN ")
