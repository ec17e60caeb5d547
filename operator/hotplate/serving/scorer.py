"""The scorer: from a request to a decision, reading top to bottom.

Read the features, judge them, ask the model where they are fine, decide, count and log. The
store being down or slow is a `Refer` with its reason, never an error.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bentoml.exceptions import InvalidArgument

from hotplate.model.onnx import Model
from hotplate.online.aio.reader import FeatureRow
from hotplate.online.decode.on_demand import OnDemandView, on_demand_views
from hotplate.online.errors import (
    EntityKeyError,
    OnDemandError,
    OnlineReadError,
    OnlineStoreTimeout,
)
from hotplate.protocol.read_plan import ReadPlan
from hotplate.serving.decision import (
    Decision,
    Explanation,
    Outcome,
    Reason,
    ReasonCode,
    ScoringRequest,
    Status,
    ViewRead,
)
from hotplate.serving.decision_log import DecisionLog
from hotplate.serving.features import FeatureClient, unread
from hotplate.serving.metrics import Metrics
from hotplate.serving.policy import FailurePolicy, Verdict

_ROWS_AT_ONCE = 50
"""Rows of a long call that are finished before other calls have their turn."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A request on its way to a decision: its features, their verdict, the model's answer."""

    request: Mapping[str, Any]
    features: FeatureRow | None
    verdict: Verdict
    values: dict[str, Any] = field(default_factory=dict)
    on_demand: dict[str, dict[str, Any]] = field(default_factory=dict)
    probability: float | None = None

    def scored(self, probability: float) -> Judged:
        """Return the row with the model's answer."""
        return Judged(
            self.request, self.features, self.verdict, self.values, self.on_demand, probability
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """What a scorer is made of."""

    model: Model
    plan: ReadPlan
    features: FeatureClient
    policy: FailurePolicy
    log: DecisionLog
    metrics: Metrics


class Scorer:
    """Scores requests with one model on one feature service."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._on_demand = on_demand_views(parts.plan)
        self._unavailable = {
            view: ViewRead(status=Status.UNAVAILABLE) for view in parts.features.views
        }

    async def score(self, request: ScoringRequest) -> Decision:
        """Return the decision on one request."""
        return (await self.score_many([request]))[0]

    async def score_many(self, requests: Sequence[ScoringRequest]) -> list[Decision]:
        """Return the decisions on the requests: one read, one call of the model."""
        started = time.perf_counter()
        judged = await self._judged([vars(request) for request in requests])
        decisions: list[Decision] = []
        for start in range(0, len(judged), _ROWS_AT_ONCE):
            if start:
                await asyncio.sleep(0)
            rows = judged[start : start + _ROWS_AT_ONCE]
            decisions += self._accounted(rows, started)
        self._parts.metrics.decision_seconds.observe(time.perf_counter() - started)
        return decisions

    async def explain(self, request: ScoringRequest) -> Explanation:
        """Return the decision on one request, with the values it was made of."""
        started = time.perf_counter()
        judged = await self._judged([vars(request)])
        (decision,) = self._accounted(judged, started)
        self._parts.metrics.decision_seconds.observe(time.perf_counter() - started)
        return Explanation(**dict(decision), values=self._values(judged[0]))

    async def warm_up(self, request: ScoringRequest, times: int = 50) -> None:
        """Score the request that often, neither counted nor logged."""
        for _ in range(times):
            started = time.perf_counter()
            judged = await self._judged([vars(request)])
            Decision(**self._decision(judged[0], started)).model_dump_json()

    async def _judged(self, requests: Sequence[Mapping[str, Any]]) -> list[Judged]:
        started = time.perf_counter()
        try:
            rows = await self._parts.features.read(requests)
        except OnlineReadError as error:
            return self._unread(requests, error)
        except EntityKeyError as error:
            raise InvalidArgument(str(error)) from error
        finally:
            self._parts.metrics.feature_read_seconds.observe(time.perf_counter() - started)
        now = time.time()
        judge = self._parts.policy.judge
        pairs = zip(requests, rows, strict=True)
        return self._predicted([self._computed(Judged(r, f, judge(f, now))) for r, f in pairs])

    def _unread(
        self, requests: Sequence[Mapping[str, Any]], error: OnlineReadError
    ) -> list[Judged]:
        if isinstance(error, OnlineStoreTimeout):
            self._parts.metrics.feature_read_timeouts.inc()
        verdict = Verdict(Outcome.REFER, (unread(error),))
        return [Judged(request, None, verdict) for request in requests]

    def _computed(self, judged: Judged) -> Judged:
        """Return the row with the values for the model, on-demand features included."""
        if judged.verdict.outcome is not None or judged.features is None:
            return judged
        read = judged.features.values
        if judged.verdict.reasons:
            read = self._parts.policy.filled(read)
        values = {**judged.request, **read}
        try:
            on_demand = _on_demand(self._on_demand, values)
        except OnDemandError as error:
            reason = Reason(code=ReasonCode.ON_DEMAND_FAILED, message=str(error))
            return Judged(judged.request, judged.features, Verdict(Outcome.REFER, (reason,)))
        return Judged(judged.request, judged.features, judged.verdict, values, on_demand)

    def _predicted(self, rows: list[Judged]) -> list[Judged]:
        """Return the rows with the model's probabilities where it is to be asked."""
        asked = [row for row in rows if row.verdict.outcome is None]
        if not asked:
            return rows
        started = time.perf_counter()
        probabilities = iter(self._parts.model.probabilities([row.values for row in asked]))
        self._parts.metrics.predict_seconds.observe(time.perf_counter() - started)
        return [row if row.verdict.outcome else row.scored(next(probabilities)) for row in rows]

    def _decision(self, row: Judged, started: float) -> dict[str, Any]:
        outcome, reasons = row.verdict.outcome, list(row.verdict.reasons)
        if row.probability is not None:
            outcome = self._outcome(row.probability)
            reasons.append(self._threshold_reason(row.probability))
        return {
            "id": uuid.uuid4().hex,
            "decision": outcome,
            "probability": row.probability,
            "reasons": reasons,
            "model_version": self._parts.model.version,
            "feature_service": self._parts.model.contract.feature_service,
            "features": self._view_reads(row.features),
            "milliseconds": round((time.perf_counter() - started) * 1000, 3),
        }

    def _outcome(self, probability: float) -> Outcome:
        threshold = self._parts.model.contract.threshold
        return Outcome.REJECT if probability >= threshold else Outcome.APPROVE

    def _threshold_reason(self, probability: float) -> Reason:
        contract = self._parts.model.contract
        above = probability >= contract.threshold
        return Reason(
            code=ReasonCode.AT_OR_ABOVE_THRESHOLD if above else ReasonCode.BELOW_THRESHOLD,
            message=f"probability of {contract.target} {probability:.3f} is "
            f"{'at or above' if above else 'below'} the threshold {contract.threshold:.3g}",
        )

    def _view_reads(self, row: FeatureRow | None) -> dict[str, ViewRead]:
        if row is None:
            return self._unavailable
        now = time.time()
        return {
            view: ViewRead(
                status=Status(read.status.value),
                age_seconds=None if read.event_time is None else round(now - read.event_time, 3),
            )
            for view, read in row.views.items()
        }

    def _values(self, row: Judged) -> dict[str, dict[str, Any]]:
        read = row.features.values if row.features else {}
        views = {
            view.name: {f.name: read.get(f.name) for f in view.features if f.name in read}
            for view in self._parts.plan.views
        }
        return {"request": dict(row.request), **views, **row.on_demand}

    def _accounted(self, rows: Sequence[Judged], started: float) -> list[Decision]:
        """Return the decisions on the rows, counted and logged."""
        decisions = [Decision(**self._decision(row, started)) for row in rows]
        for row, decision in zip(rows, decisions, strict=True):
            self._parts.metrics.count(decision)
            self._parts.log.record(decision, row.values or row.request)
        return decisions


def _on_demand(views: Sequence[OnDemandView], values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each view's outputs, and add them to the values."""
    results = {}
    for view in views:
        results[view.name] = view(values)
        values.update(results[view.name])
    return results
