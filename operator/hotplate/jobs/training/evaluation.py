"""Rows split by time, figures of a model on later rows than it was grown on, and the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sklearn import metrics

from hotplate.api.v1alpha1.training import Gate
from hotplate.jobs.errors import JobError
from hotplate.jobs.training.tree import Outcomes, Probabilities

HOLDOUT = 0.2
"""Share of all rows, the latest, that evaluate the model."""

VALIDATION = 0.2
"""Share of the other rows, the latest, that choose the decision threshold."""


@dataclass(frozen=True)
class Slices:
    """Rows by time: to grow the tree, to choose the threshold, to evaluate both."""

    grow: slice
    validate: slice
    holdout: slice

    @classmethod
    def of(cls, rows: int) -> Slices:
        """Return the slices of that many rows in order of time."""
        before_holdout = rows - round(rows * HOLDOUT)
        before_validation = before_holdout - round(before_holdout * VALIDATION)
        return cls(
            slice(0, before_validation),
            slice(before_validation, before_holdout),
            slice(before_holdout, rows),
        )


def figures(outcomes: Outcomes, probabilities: Probabilities, at: float) -> dict[str, float]:
    """Return the figures of a model that decides 1 at and above probability `at`."""
    decisions = (probabilities >= at).astype(int)
    return {
        "roc_auc": _rounded(metrics.roc_auc_score(outcomes, probabilities)),
        "average_precision": _rounded(metrics.average_precision_score(outcomes, probabilities)),
        "accuracy": _rounded(metrics.accuracy_score(outcomes, decisions)),
        "balanced_accuracy": _rounded(metrics.balanced_accuracy_score(outcomes, decisions)),
        "precision": _rounded(metrics.precision_score(outcomes, decisions, zero_division=0)),
        "recall": _rounded(metrics.recall_score(outcomes, decisions)),
        "f1": _rounded(metrics.f1_score(outcomes, decisions)),
        "brier": _rounded(metrics.brier_score_loss(outcomes, probabilities)),
        "positive_rate": _rounded(outcomes.mean()),
        "predicted_positive_rate": _rounded(decisions.mean()),
    }


def refuse_below(gates: Sequence[Gate], measured: dict[str, float]) -> None:
    """Raise `JobError` GateFailed with every figure that is below its minimum."""
    failed = [gate for gate in gates if not measured[gate.metric] >= gate.minimum]
    if failed:
        reasons = ", ".join(
            f"{gate.metric} is {measured[gate.metric]:.4f}, the minimum is {gate.minimum:g}"
            for gate in failed
        )
        shown = ", ".join(f"{name} {value:g}" for name, value in measured.items())
        raise JobError(
            "GateFailed",
            f"the model does not pass spec.training.gate and was not saved: {reasons}. "
            f"All figures: {shown}",
        )


def _rounded(value: float) -> float:
    return round(float(value), 6)
