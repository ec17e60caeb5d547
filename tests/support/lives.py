"""Lives of both resources with usual specs, whose Jobs return the usual results."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hotplate.api import FeatureStore
from hotplate.decide.jobs.specs import JobSpec
from hotplate.decide.observed import JobState, Outcome, Valkey
from hotplate.decide.simulate import FeatureStoreLife, ModelDeploymentLife
from hotplate.protocol.results import Result
from support.api.resources import feature_store, model_deployment
from support.job_results import result

START = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)
VIEWS = [{"name": "credit_history", "maxStaleness": "1h"}, {"name": "zipcode_features"}]


class Played:
    """What a test does to a life, and what it reads of it."""

    conditions: Any
    jobs: Any
    now: datetime

    def end(self, label: str = "", **changes: Any) -> None:
        """End the running Jobs of that label with their usual results, but for the changes."""

        def changed(job_spec: JobSpec) -> Result:
            end = {"end": self.now.isoformat()} if job_spec.name == "materialize" else {}
            return result(job_spec.name, **end | changes)

        self.jobs.succeed(self.running(label), changed, self.now)

    def fail(self, label: str, reason: str, message: str = "") -> None:
        """Let the running Jobs of that label fail."""
        self.jobs.fail(self.running(label), reason, message, self.now)

    def hang(self, label: str, reason: str, message: str = "") -> None:
        """Let the pods of the running Jobs of that label wait for that reason."""
        for name in self.running(label):
            self.jobs.outcomes[name] = Outcome(JobState.RUNNING, reason, message)

    def running(self, label: str = "") -> list[str]:
        """Return the names of the running Jobs of that label."""
        names: list[str] = self.jobs.running(label)
        return names

    def condition(self, kind: str) -> tuple[str, str]:
        """Return status and reason."""
        found = self.conditions[kind]
        return found.status.value, found.reason

    def message(self, kind: str) -> str:
        return str(self.conditions[kind].message)


class Life(Played, FeatureStoreLife):
    """A FeatureStore with two views, in an embedded Valkey unless the spec says otherwise."""

    def __init__(self, **spec: Any) -> None:
        super().__init__(
            feature_store(**({"materialization": {"views": VIEWS}} | spec)),
            START,
            Valkey(ready=True, pod_uid="pod-1"),
            {"ConfigMap/credit-features": "1"},
        )

    def change(self, **spec: Any) -> None:
        """Edit the spec, as kubectl would."""
        changed = feature_store(**({"materialization": {"views": VIEWS}} | spec))
        generation = {"generation": (self.store.metadata.generation or 0) + 1}
        metadata = self.store.metadata.model_copy(update=generation)
        self.store = self.store.model_copy(update={"spec": changed.spec, "metadata": metadata})

    def until_ready(self) -> Life:
        for label in ("plan", "apply", "materialize"):
            self.step()
            self.end(label)
        self.step()
        assert self.condition("Ready") == ("True", "Ready")
        return self


class ModelLife(Played, ModelDeploymentLife):
    """A ModelDeployment, whose model is trained unless the spec says otherwise."""

    def __init__(self, store: FeatureStore | None = None, **spec: Any) -> None:
        super().__init__(model_deployment(**spec), store, START)
