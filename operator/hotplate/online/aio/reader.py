"""The reader of scoring processes: all feature views of a decision in one round trip."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from hotplate.online.aio.cluster import Cluster
from hotplate.online.aio.shard import Standalone
from hotplate.online.connection.config import Connection
from hotplate.online.decode.service_reader import (
    FeatureRow,
    FeatureViewRead,
    ServiceReader,
    ViewStatus,
)
from hotplate.protocol.read_plan import ReadPlan

__all__ = ["FeatureRow", "FeatureViewRead", "OnlineReader", "ViewStatus"]


class OnlineReader:
    """Reads the feature views of one feature service from an online store in Feast's layout.

    One connection per shard serves all reads of the process. The first read opens it, and it is
    replaced after a loss, so that a reader can be created before its server is up.
    """

    def __init__(self, plan: ReadPlan, feature_service: str, connection: Connection) -> None:
        self._reading = ServiceReader(plan, feature_service)
        self._store = Cluster(connection) if connection.cluster else Standalone(connection)
        self._is_one_server = not connection.cluster

    async def read(self, rows: Sequence[Mapping[str, Any]], deadline: float) -> list[FeatureRow]:
        """Return a feature row for each row of join keys; the deadline is in seconds.

        Raises `EntityKeyError`, `OnlineStoreTimeout`, `OnlineStoreUnavailable`,
        `FeatureValueError`.
        """
        if not rows:
            return []
        until = asyncio.get_running_loop().time() + deadline
        keys, commands = self._reading.request(rows, one_server=self._is_one_server)
        return self._reading.rows(await self._store.ask(keys, commands, until), time.time())

    async def ping(self, deadline: float) -> None:
        """Return when the store answers, every shard of it; raise like `read`."""
        await self._store.ping(asyncio.get_running_loop().time() + deadline)

    async def close(self) -> None:
        """Close the connections."""
        await self._store.close()
