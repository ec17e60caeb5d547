"""The life of a FeatureStore, simulated: each step decides on what the last one left."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus
from hotplate.decide.feature_store import FeatureStoreDecision, decide
from hotplate.decide.job_specs import Work, job_name
from hotplate.decide.observed import FeatureStoreObserved, JobState, Outcome, Valkey
from support.api.resources import feature_store
from support.job_results import result

START = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)
VIEWS = [{"name": "credit_history", "maxStaleness": "1h"}, {"name": "zipcode_features"}]


class Decided:
    """What was decided last, and the conditions that it reports."""

    decision: Any

    def condition(self, kind: str) -> tuple[str, str]:
        found = self.full(kind)
        return found.status.value, found.reason

    def full(self, kind: str) -> Any:
        return next(each for each in self.decision.status.conditions if each.type == kind)


class Life(Decided):
    """A FeatureStore with the Jobs that it was given, which end when the test says so."""

    def __init__(self, **spec: Any) -> None:
        self.store = feature_store(**({"materialization": {"views": VIEWS}} | spec))
        self.now = START
        self.valkey = Valkey(ready=True, epoch="pod-1")
        self.outcomes: dict[str, Outcome] = {}
        self.works: dict[str, Work] = {}
        self.references: dict[str, str | None] = {"ConfigMap/credit-features": "1"}
        self.conflict: str | None = None
        self.changed_at: datetime | None = None
        self.decision = FeatureStoreDecision((), (), FeatureStoreStatus(), None)

    def step(self) -> list[str]:
        """Reconcile once; return what was started, such as `materialize credit_history`."""
        observed = FeatureStoreObserved(
            self.now,
            dict(self.outcomes),
            self.valkey,
            self.references,
            self.conflict,
            self.changed_at,
        )
        self.decision = decide(self.store, observed)
        self.store = self.store.model_copy(update={"status": self.decision.status})
        for name in self.decision.given_up:
            del self.outcomes[name]
        for work in self.decision.works:
            name = job_name(self.store, work)
            self.works[name] = work
            self.outcomes[name] = Outcome(JobState.RUNNING, "Running", started=self.now)
        return [_shown(work) for work in self.decision.works]

    def end(self, what: str, **changes: Any) -> None:
        """End the running Jobs of that kind well, with their usual results."""
        for name in self.running(what):
            fields = {"end": self.now.isoformat()} | changes
            self.outcomes[name] = Outcome(
                JobState.SUCCEEDED,
                "Succeeded",
                result=result(self.works[name].name, **fields),
                started=self.outcomes[name].started,
                finished=self.now,
            )

    def fail(self, what: str, reason: str, message: str = "") -> None:
        for name in self.running(what):
            self.outcomes[name] = Outcome(JobState.FAILED, reason, message, finished=self.now)

    def running(self, what: str) -> list[str]:
        return [
            name
            for name, outcome in self.outcomes.items()
            if outcome.state is JobState.RUNNING and _shown(self.works[name]).startswith(what)
        ]

    def change(self, **spec: Any) -> None:
        """Edit the spec, as kubectl would."""
        changed = feature_store(**({"materialization": {"views": VIEWS}} | spec))
        generation = {"generation": (self.store.metadata.generation or 0) + 1}
        metadata = self.store.metadata.model_copy(update=generation)
        self.store = self.store.model_copy(update={"spec": changed.spec, "metadata": metadata})

    def until_ready(self) -> Life:
        for what in ("plan", "apply", "materialize"):
            self.step()
            self.end(what)
        self.step()
        assert self.condition("Ready") == ("True", "Ready")
        return self


def _shown(work: Work) -> str:
    return " ".join([work.name, *filter(None, [work.variables.get("HOTPLATE_VIEW")])])
