"""The reader for code without an event loop: the reads, rows and errors of `OnlineReader`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from typing import Any

from hotplate.online.blocking.store import BlockingStore
from hotplate.online.connection.config import Connection
from hotplate.online.connection.resp import command
from hotplate.online.connection.routing import Address, PreferReplica
from hotplate.online.decode.service_reader import FeatureRow, ServiceReader
from hotplate.online.errors import OnlineStoreUnavailable
from hotplate.protocol.read_plan import ReadPlan


class SyncOnlineReader:
    """Reads the feature views of one feature service; threads share its connection in turn."""

    def __init__(self, plan: ReadPlan, feature_service: str, connection: Connection) -> None:
        self._reading = ServiceReader(plan, feature_service)
        self._stores = _stores(connection)
        self._is_one_server = not connection.cluster
        self._lock = Lock()

    def read(self, rows: Sequence[Mapping[str, Any]], deadline: float) -> list[FeatureRow]:
        """Return a feature row for each row of join keys; the deadline is in seconds.

        It includes connecting and the wait for other threads. Raises like `OnlineReader.read`.
        """
        if not rows:
            return []
        until = time.monotonic() + deadline
        keys, commands = self._reading.request(rows, one_server=self._is_one_server)
        return self._reading.rows(self._ask(keys, commands, until), time.time())

    def ping(self, deadline: float) -> None:
        """Return when the store answers; raise like `read`."""
        self._ask([b""], [command("PING")], time.monotonic() + deadline)

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            for store in self._stores:
                store.close()

    def _ask(self, keys: Sequence[bytes], commands: Sequence[bytes], until: float) -> list[Any]:
        """Ask the stores in turn until one answers."""
        with self._lock:
            *preferred, last = self._stores
            for store in preferred:
                with suppress(OnlineStoreUnavailable):
                    store.send(keys, commands, until)
                    return store.collect(until)
            last.send(keys, commands, until)
            return last.collect(until)


def _stores(connection: Connection) -> list[BlockingStore]:
    """Return the stores to ask in order: replicas, if they are preferred, then primaries."""
    primaries = [BlockingStore(connection)]
    if not connection.prefer_replica:
        return primaries
    if connection.reader is not None:
        host, port = connection.reader
        return [BlockingStore(replace(connection, host=host, port=port)), *primaries]
    choose = PreferReplica(connection.zone, _none, _none)
    return [BlockingStore(connection, choose=choose), *primaries]


def _none(_: Address) -> bool:
    return False
