"""The decision log: sampled JSON lines, written by a thread that no request waits for.

A line has the decision and its reasons. Join keys, request values and feature values are personal
data, and are left out unless the settings include them; the decision's id joins the log with the
caller's records.
"""

from __future__ import annotations

import logging
import random
import threading
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from pydantic_core import to_json

from hotplate.protocol.serving_settings import DecisionLogSettings
from hotplate.serving.decision import Decision
from hotplate.serving.shown import shown
from hotplate.serving.sinks import Sink

CAPACITY = 10_000
"""The most lines that wait for the sink; further ones are dropped and counted."""

_BATCH = 5_000

logger = logging.getLogger(__name__)


class Count(Protocol):
    """A counter."""

    def inc(self, amount: float = 1) -> None:
        """Count that many more."""


class DecisionLog:
    """Accepts decisions without blocking, and passes them to the sink in batches."""

    def __init__(
        self, settings: DecisionLogSettings, sink: Sink, dropped: Count, failures: Count
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._dropped = dropped
        self._failures = failures
        self._lines: deque[bytes] = deque()
        self._stopping = threading.Event()
        self._writer = threading.Thread(target=self._run, name="decision-log", daemon=True)

    def start(self) -> None:
        """Start the writer."""
        self._writer.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Write the waiting lines and end the writer, within `timeout` seconds."""
        self._stopping.set()
        if self._writer.is_alive():
            self._writer.join(timeout)

    def record(self, decision: Decision, values: Mapping[str, Any]) -> None:
        """Queue a line for the sink, or count it as dropped when `CAPACITY` lines wait.

        `values` is the request with the features; only logs with personal data include it.
        """
        if random.random() >= self._settings.sample_rate:  # noqa: S311  a sample, no secret
            return
        if len(self._lines) >= CAPACITY:
            self._dropped.inc()
            return
        self._lines.append(to_json(self._line(decision, values)))

    def _line(self, decision: Decision, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the line; each logged field is named here, so that none is logged by accident."""
        line = {
            "time": datetime.now(UTC),
            "id": decision.id,
            "decision": decision.decision,
            "probability": decision.probability,
            "reasons": [reason.code for reason in decision.reasons],
            "modelVersion": decision.model_version,
            "featureService": decision.feature_service,
            "features": decision.features,
            "milliseconds": decision.milliseconds,
        }
        return {**line, "values": shown(values)} if self._settings.personal_data else line

    def _run(self) -> None:
        while not self._stopping.wait(self._sink.interval):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        """Write the waiting lines; a batch that the sink refuses is retried later."""
        while self._lines:
            batch = [self._lines[index] for index in range(min(len(self._lines), _BATCH))]
            try:
                self._sink.write(batch)
            except Exception as error:  # noqa: BLE001  a sink may raise whatever its medium raises
                self._failures.inc()
                logger.warning("the decision log's sink refused %d lines: %s", len(batch), error)
                return
            for _ in batch:
                self._lines.popleft()
