"""The metrics of a scoring process, which never contain a join key or a value.

In BentoML's worker, prometheus_client keeps them in memory-mapped files that /metrics reads.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from hotplate.serving.decision import AnswerStatus, Decision, Outcome, ReasonCode

LATENCY_BUCKETS = (
    0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.010, 0.015, 0.025, 0.050, 0.100,
)  # fmt: skip
_FINE_BUCKETS = (0.00005, 0.0001, 0.00025, 0.0005, *LATENCY_BUCKETS)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_AGE_BUCKETS = (
    _MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 4 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY,
    30 * _DAY, 90 * _DAY, 365 * _DAY, 3650 * _DAY,
)  # fmt: skip
_PROBABILITY_BUCKETS = tuple(step / 20 for step in range(1, 21))


class Metrics:
    """The metrics of one scoring process; their labels are resolved once, here."""

    def __init__(
        self, model: str, views: Iterable[str], registry: CollectorRegistry = REGISTRY
    ) -> None:
        self.decision_seconds = _seconds("decision", "one call inside the service", registry)
        self.feature_read_seconds = _seconds("feature_read", "one call's online read", registry)
        self.predict_seconds = _seconds("predict", "the model for one call", registry)
        self.feature_read_timeouts = Counter(
            "hotplate_feature_read_timeouts", "Reads that met the deadline", registry=registry
        )
        self.row_by_row = Counter(
            "hotplate_model_calls_row_by_row",
            "Calls whose rows the model could not score at once",
            registry=registry,
        )
        self.log_dropped = Counter(
            "hotplate_decision_log_dropped", "Decisions not logged: log full", registry=registry
        )
        self.log_failures = Counter(
            "hotplate_decision_log_write_failures", "Batches the sink refused", registry=registry
        )
        self._count_views(views, registry)
        self._count_decisions(model, registry)

    def _count_decisions(self, model: str, registry: CollectorRegistry) -> None:
        name, labels = "hotplate_decisions", ["model", "decision"]
        decisions = Counter(name, "Decisions", labels, registry=registry)
        name, labels = "hotplate_decision_reasons", ["model", "reason"]
        reasons = Counter(name, "Reasons of decisions", labels, registry=registry)
        self._decisions = {each: decisions.labels(model, each) for each in Outcome}
        self._reasons = {each: reasons.labels(model, each) for each in ReasonCode}
        self._probability = Histogram(
            "hotplate_probability",
            "Probabilities of the model",
            ["model"],
            buckets=_PROBABILITY_BUCKETS,
            registry=registry,
        ).labels(model)

    def _count_views(self, views: Iterable[str], registry: CollectorRegistry) -> None:
        name, labels = "hotplate_feature_view_reads", ["view", "status"]
        reads = Counter(name, "Rows read, by answer", labels, registry=registry)
        name, text = "hotplate_feature_age_seconds", "Age of the features read"
        ages = Histogram(name, text, ["view"], buckets=_AGE_BUCKETS, registry=registry)
        self._reads = {
            (view, each): reads.labels(view, each) for view in views for each in AnswerStatus
        }
        self._ages = {view: ages.labels(view) for view in views}

    def count(self, decision: Decision) -> None:
        """Count a decision with its reasons, its feature views and its probability."""
        self._decisions[decision.decision].inc()
        for reason in decision.reasons:
            self._reasons[reason.code].inc()
        for view, read in decision.features.items():
            self._reads[view, read.status].inc()
            if read.age_seconds is not None and read.status is not AnswerStatus.FUTURE:
                self._ages[view].observe(max(read.age_seconds, 0.0))
        if decision.probability is not None:
            self._probability.observe(decision.probability)


def _seconds(name: str, of: str, registry: CollectorRegistry) -> Histogram:
    name, text = f"hotplate_{name}_seconds", f"Time taken by {of}"
    return Histogram(name, text, buckets=_FINE_BUCKETS, registry=registry)
