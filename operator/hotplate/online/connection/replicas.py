"""Which server of a shard answers reads that may be a little behind: rather a replica, and near."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hotplate.online.connection.routing import Address, Node


@dataclass(frozen=True)
class PreferReplica:
    """Chooses a replica in the zone, else any replica, else the primary; never one that fails.

    The choice is by chance, so that many readers spread over the replicas; one that is asked
    already stays.
    """

    zone: str
    fails: Callable[[Address], bool]
    is_asked: Callable[[Address], bool]

    def __call__(self, head: Node, replicas: Sequence[Node]) -> Address:
        """Return the address to ask."""
        up = [node for node in replicas if not self.fails(node.address)]
        near = [node for node in up if self.zone and node.zone == self.zone]
        best = near or up or [head]
        asked = [node for node in best if self.is_asked(node.address)]
        return random.choice(asked or best).address  # noqa: S311 - spreads load
