"""The scorer: from a request to a decision.

It reads the features, judges them, asks the model, decides, counts and logs. A store that is down
or slow yields `Refer` with its reason, never an error. So does a row for which an on-demand view or
the model fails, and the other rows of its call are decided as ever.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bentoml.exceptions import InvalidArgument

from hotplate.model.feature_contract import requested
from hotplate.model.onnx import Model
from hotplate.online.aio.reader import FeatureRow
from hotplate.online.decode.on_demand import RowValues
from hotplate.online.errors import (
    EntityKeyError,
    OnDemandError,
    OnlineReadError,
    OnlineStoreTimeout,
)
from hotplate.protocol.read_plan import ReadPlan, value_names
from hotplate.serving.decision import (
    AnswerStatus,
    Decision,
    Explanation,
    Outcome,
    Reason,
    ReasonCode,
    ScoringRequest,
    ViewAnswer,
)
from hotplate.serving.decision_log import DecisionLog
from hotplate.serving.features import FeatureClient, reason_for
from hotplate.serving.metrics import Metrics
from hotplate.serving.policy import FailurePolicy, Verdict, null_of
from hotplate.serving.shown import shown

logger = logging.getLogger(__name__)

_ROWS_AT_ONCE = 50
"""Rows of a call that are finished before the loop serves other calls."""


@dataclass(frozen=True, slots=True)
class PendingDecision:
    """A request before its decision: its features, their verdict, the model's probability."""

    request: Mapping[str, Any]
    features: FeatureRow | None
    verdict: Verdict
    values: dict[str, Any] = field(default_factory=dict)
    probability: float | None = None

    def referred(self, reasons: Sequence[Reason]) -> PendingDecision:
        """Return the request, referred for the reasons."""
        return replace(self, verdict=Verdict(Outcome.REFER, tuple(reasons)))

    def scored(self, probability: float) -> PendingDecision:
        """Return the request with the model's probability."""
        return PendingDecision(self.request, self.features, self.verdict, self.values, probability)


@dataclass(frozen=True, slots=True)
class ScorerDependencies:
    """The dependencies of a scorer."""

    model: Model
    plan: ReadPlan
    features: FeatureClient
    policy: FailurePolicy
    log: DecisionLog
    metrics: Metrics


class Scorer:
    """Scores requests with one model on one feature service."""

    def __init__(self, dependencies: ScorerDependencies) -> None:
        self._dependencies = dependencies
        self._row_values = RowValues(dependencies.plan, requested(dependencies.model.contract))
        self._names = value_names(dependencies.plan)
        unavailable = ViewAnswer(status=AnswerStatus.UNAVAILABLE)
        self._unavailable = dict.fromkeys(dependencies.features.views, unavailable)

    async def score(self, request: ScoringRequest) -> Decision:
        """Return the decision on one request."""
        return (await self.score_many([request]))[0]

    async def score_many(self, requests: Sequence[ScoringRequest]) -> list[Decision]:
        """Return the decisions on the requests: one read, one call of the model."""
        started = time.perf_counter()
        pending = await self._pending([vars(request) for request in requests])
        decisions: list[Decision] = []
        for start in range(0, len(pending), _ROWS_AT_ONCE):
            if start:
                await asyncio.sleep(0)
            rows = pending[start : start + _ROWS_AT_ONCE]
            decisions += self._recorded(rows, started)
        self._dependencies.metrics.decision_seconds.observe(time.perf_counter() - started)
        return decisions

    async def explain(self, request: ScoringRequest) -> Explanation:
        """Return the decision on one request, with the values that it is based on."""
        started = time.perf_counter()
        pending = await self._pending([vars(request)])
        (decision,) = self._recorded(pending, started)
        self._dependencies.metrics.decision_seconds.observe(time.perf_counter() - started)
        return Explanation(**dict(decision), values=self._values(pending[0]))

    async def warm_up(self, request: ScoringRequest, times: int = 50) -> None:
        """Score the request repeatedly, without counting or logging."""
        for _ in range(times):
            started = time.perf_counter()
            pending = await self._pending([vars(request)])
            Decision(**self._decision(pending[0], started)).model_dump_json()

    async def _pending(self, requests: Sequence[Mapping[str, Any]]) -> list[PendingDecision]:
        started = time.perf_counter()
        try:
            rows = await self._dependencies.features.read(requests)
        except OnlineReadError as error:
            return self._unreadable(requests, error)
        except EntityKeyError as error:
            raise InvalidArgument(str(error)) from error
        finally:
            self._dependencies.metrics.feature_read_seconds.observe(time.perf_counter() - started)
        now = time.time()
        judge = self._dependencies.policy.judge
        pairs = zip(requests, rows, strict=True)
        return self._predicted(
            [self._computed(PendingDecision(r, f, judge(f, now))) for r, f in pairs]
        )

    def _unreadable(
        self, requests: Sequence[Mapping[str, Any]], error: OnlineReadError
    ) -> list[PendingDecision]:
        if isinstance(error, OnlineStoreTimeout):
            self._dependencies.metrics.feature_read_timeouts.inc()
        verdict = Verdict(Outcome.REFER, (reason_for(error),))
        return [PendingDecision(request, None, verdict) for request in requests]

    def _computed(self, row: PendingDecision) -> PendingDecision:
        """Return the request with the values for the model, including on-demand features."""
        if row.verdict.outcome is not None or row.features is None:
            return row
        read = row.features.values
        if row.verdict.reasons:
            read = self._dependencies.policy.filled(read, row.verdict.unused)
        try:
            values = self._row_values(row.request, read)
        except OnDemandError as error:
            return row.referred([Reason(code=ReasonCode.ON_DEMAND_FAILED, message=str(error))])
        computed = PendingDecision(row.request, row.features, row.verdict, values)
        nulls = [of for name, of in self._row_values.computed.items() if values[name] is None]
        return computed.referred([null_of(each) for each in nulls]) if nulls else computed

    def _predicted(self, rows: list[PendingDecision]) -> list[PendingDecision]:
        """Return the rows, with the model's probabilities where no outcome is decided yet."""
        asked = [row for row in rows if row.verdict.outcome is None]
        if not asked:
            return rows
        started = time.perf_counter()
        answers = iter(self._answers(asked))
        self._dependencies.metrics.predict_seconds.observe(time.perf_counter() - started)
        return [row if row.verdict.outcome else next(answers) for row in rows]

    def _answers(self, asked: Sequence[PendingDecision]) -> list[PendingDecision]:
        """Return the rows with the model's probabilities, asked one by one if a call fails."""
        try:
            found = self._dependencies.model.probabilities([row.values for row in asked])
        except Exception as error:  # noqa: BLE001  a row has whatever the request's model allows
            if len(asked) == 1:
                return [asked[0].referred([_model_failed(error)])]
            self._dependencies.metrics.row_by_row.inc()
            logger.warning("%d rows are scored one by one: %s", len(asked), type(error).__name__)
            return [answer for row in asked for answer in self._answers([row])]
        return [row.scored(probability) for row, probability in zip(asked, found, strict=True)]

    def _decision(self, row: PendingDecision, started: float) -> dict[str, Any]:
        outcome, reasons = row.verdict.outcome, list(row.verdict.reasons)
        if row.probability is not None:
            outcome = self._outcome(row.probability)
            reasons.append(self._threshold_reason(row.probability))
        return {
            "id": uuid.uuid4().hex,
            "decision": outcome,
            "probability": row.probability,
            "reasons": reasons,
            "model_version": self._dependencies.model.version,
            "feature_service": self._dependencies.model.contract.feature_service,
            "features": self._view_answers(row.features),
            "milliseconds": round((time.perf_counter() - started) * 1000, 3),
        }

    def _outcome(self, probability: float) -> Outcome:
        threshold = self._dependencies.model.contract.threshold
        return Outcome.REJECT if probability >= threshold else Outcome.APPROVE

    def _threshold_reason(self, probability: float) -> Reason:
        contract = self._dependencies.model.contract
        above = probability >= contract.threshold
        return Reason(
            code=ReasonCode.AT_OR_ABOVE_THRESHOLD if above else ReasonCode.BELOW_THRESHOLD,
            message=f"probability of {contract.target} {probability:.3f} is "
            f"{'at or above' if above else 'below'} the threshold {contract.threshold:.3g}",
        )

    def _view_answers(self, row: FeatureRow | None) -> dict[str, ViewAnswer]:
        if row is None:
            return self._unavailable
        now = time.time()
        return {
            view: ViewAnswer(
                status=AnswerStatus(read.status.value),
                age_seconds=None if read.event_time is None else round(now - read.event_time, 3),
            )
            for view, read in row.views.items()
        }

    def _values(self, row: PendingDecision) -> dict[str, dict[str, Any]]:
        known = row.values or (row.features.values if row.features else {})
        views: dict[str, dict[str, Any]] = {view: {} for view in self._dependencies.features.views}
        for (view, feature), name in self._names.items():
            if name in known:
                views.setdefault(view, {})[feature] = shown(known[name])
        return {"request": shown(row.request), **views}

    def _recorded(self, rows: Sequence[PendingDecision], started: float) -> list[Decision]:
        """Return the decisions on the rows, after counting and logging them."""
        decisions = [Decision(**self._decision(row, started)) for row in rows]
        for row, decision in zip(rows, decisions, strict=True):
            self._dependencies.metrics.count(decision)
            self._dependencies.log.record(decision, row.values or row.request)
        return decisions


def _model_failed(error: Exception) -> Reason:
    """Return the reason, which has no value of the row."""
    message = f"the model cannot score the values of this row: {type(error).__name__}"
    return Reason(code=ReasonCode.MODEL_FAILED, message=message)
