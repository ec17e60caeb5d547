"""The decision log: JSON lines, sampled, written by a thread of its own, never waited for.

A line holds what was decided and why. Join keys, request values and feature values are personal
data and left out unless asked for; a decision's id joins the log with what the caller keeps.
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
from hotplate.serving.sinks import Sink

CAPACITY = 10_000
"""Lines that wait for the sink, at most; more are dropped and counted."""

_BATCH = 5_000

logger = logging.getLogger(__name__)


class Count(Protocol):
    """A counter."""

    def inc(self, amount: float = 1) -> None:
        """Count that many more."""


class DecisionLog:
    """Takes decisions without waiting, and hands them to the sink in batches."""

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
        """Write what waits and end the writer, within `timeout` seconds."""
        self._stopping.set()
        if self._writer.is_alive():
            self._writer.join(timeout)

    def record(self, decision: Decision, values: Mapping[str, Any]) -> None:
        """Keep a line for the sink, or count it as dropped when `CAPACITY` lines wait.

        `values` is the request with the features; it is logged only where personal data may be.
        """
        if random.random() >= self._settings.sample_rate:  # noqa: S311  a sample, no secret
            return
        if len(self._lines) >= CAPACITY:
            self._dropped.inc()
            return
        self._lines.append(to_json(self._line(decision, values)))

    def _line(self, decision: Decision, values: Mapping[str, Any]) -> dict[str, Any]:
        """Name what is logged, so that a field is logged because someone decided it."""
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
        return {**line, "values": values} if self._settings.personal_data else line

    def _run(self) -> None:
        while not self._stopping.wait(self._sink.interval):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        """Write all that waits; a batch that the sink does not take waits for the next time."""
        while self._lines:
            batch = [self._lines[index] for index in range(min(len(self._lines), _BATCH))]
            try:
                self._sink.write(batch)
            except Exception as error:  # noqa: BLE001  a sink may raise whatever its medium raises
                self._failures.inc()
                logger.warning(
                    "the decision log's sink did not take %d lines: %s", len(batch), error
                )
                return
            for _ in batch:
                self._lines.popleft()
