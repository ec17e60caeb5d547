"""The reader for code that has no event loop; same reads, same rows, same errors."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from hotplate.online.blocking_store import BlockingStore
from hotplate.online.connection import Connection
from hotplate.online.read_plan import ReadPlan
from hotplate.online.reading import FeatureRow, Reading
from hotplate.online.resp import command


class SyncOnlineReader:
    """Reads the feature views of one feature service; threads take turns on its connection."""

    def __init__(self, plan: ReadPlan, feature_service: str, connection: Connection) -> None:
        self._reading = Reading(plan, feature_service)
        self._store = BlockingStore(connection)
        self._lock = Lock()

    def read(self, rows: Sequence[Mapping[str, Any]], deadline: float) -> list[FeatureRow]:
        """Return a feature row for each row of join keys; the deadline is in seconds.

        It includes connecting and the wait for other threads. Raises like `OnlineReader.read`.
        """
        if not rows:
            return []
        keys = self._reading.keys(rows)
        replies = self._ask(keys, self._reading.commands(keys), time.monotonic() + deadline)
        return self._reading.rows(replies, time.time())

    def ping(self, deadline: float) -> None:
        """Return when the store answers; raise like `read`."""
        self._ask([b""], [command("PING")], time.monotonic() + deadline)

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._store.close()

    def _ask(self, keys: Sequence[bytes], commands: Sequence[bytes], until: float) -> list[Any]:
        with self._lock:
            self._store.send(keys, commands, until)
            return self._store.collect(until)
