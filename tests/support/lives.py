"""The life of a FeatureStore, simulated: each step decides on what the last one left."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus
from hotplate.decide.feature_store import FeatureStoreDecision, decide
from hotplate.decide.jobs.specs import JobSpec, job_name
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
        self.valkey = Valkey(ready=True, pod_uid="pod-1")
        self.outcomes: dict[str, Outcome] = {}
        self.job_specs: dict[str, JobSpec] = {}
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
        for name in self.decision.to_delete:
            del self.outcomes[name]
        for job_spec in self.decision.to_start:
            name = job_name(self.store, job_spec)
            self.job_specs[name] = job_spec
            self.outcomes[name] = Outcome(JobState.RUNNING, "Running", started=self.now)
        return [_shown(job_spec) for job_spec in self.decision.to_start]

    def end(self, what: str, **changes: Any) -> None:
        """End the running Jobs of that kind well, with their usual results."""
        for name in self.running(what):
            fields = {"end": self.now.isoformat()} | changes
            self.outcomes[name] = Outcome(
                JobState.SUCCEEDED,
                "Succeeded",
                result=result(self.job_specs[name].name, **fields),
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
            if outcome.state is JobState.RUNNING and _shown(self.job_specs[name]).startswith(what)
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


def _shown(job_spec: JobSpec) -> str:
    return " ".join([job_spec.name, *filter(None, [job_spec.variables.get("HOTPLATE_VIEW")])])
