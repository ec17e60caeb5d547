"""Whole lives of a resource, by repeated decisions: nothing runs, and no time passes by itself.

Each step decides on what the step before left. A Job that a decision starts runs until it is ended
here, and the clock stands still until `now` is moved. What the body of the decisions would observe
besides Jobs is in the attributes of a life.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from hotplate.api import FeatureStore, ModelDeployment, Resource
from hotplate.api.v1alpha1.conditions import Condition
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus
from hotplate.api.v1alpha1.model_deployment_status import ModelDeploymentStatus
from hotplate.decide import feature_store, model_deployment
from hotplate.decide.feature_store import FeatureStoreDecision
from hotplate.decide.jobs.specs import JobSpec, job_name
from hotplate.decide.model_deployment import ModelDeploymentDecision
from hotplate.decide.observed import (
    FeatureStoreObserved,
    JobState,
    ModelDeploymentObserved,
    Outcome,
    Serving,
    Valkey,
)
from hotplate.protocol.readers import Reader
from hotplate.protocol.results import Result

S = TypeVar("S", FeatureStoreStatus, ModelDeploymentStatus)

Results = Callable[[JobSpec], Result]
"""What a Job returns when it succeeds."""


class Decision(Protocol):
    """What the decisions about both resources have in common."""

    @property
    def to_start(self) -> tuple[JobSpec, ...]:
        """The Jobs to start."""

    @property
    def to_delete(self) -> tuple[str, ...]:
        """The names of the Jobs to delete."""


@dataclass
class SimulatedJobs:
    """The Jobs of one owner by their names, each running until it is ended."""

    specs: dict[str, JobSpec] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def act(self, owner: Resource, decision: Decision, now: datetime) -> list[str]:
        """Delete and start Jobs as decided; return the labels of those that were started."""
        for name in decision.to_delete:
            del self.outcomes[name]
        for job_spec in decision.to_start:
            name = job_name(owner, job_spec)
            self.specs[name] = job_spec
            self.outcomes[name] = Outcome(JobState.RUNNING, "Running", started=now)
        return [job_spec.label for job_spec in decision.to_start]

    def running(self, label: str = "") -> list[str]:
        """Return the names of the running Jobs whose labels start with this one."""
        return [
            name
            for name, outcome in self.outcomes.items()
            if outcome.state is JobState.RUNNING and self.specs[name].label.startswith(label)
        ]

    def succeed(self, names: Iterable[str], results: Results, now: datetime) -> None:
        """End the Jobs with their results."""
        for name in names:
            self.outcomes[name] = Outcome(
                JobState.SUCCEEDED,
                "Succeeded",
                result=results(self.specs[name]),
                started=self.outcomes[name].started,
                finished=now,
            )

    def fail(self, names: Iterable[str], reason: str, message: str, now: datetime) -> None:
        """End the Jobs as failed."""
        for name in names:
            self.outcomes[name] = Outcome(JobState.FAILED, reason, message, finished=now)


@dataclass
class FeatureStoreLife:
    """A FeatureStore with its Jobs, and what else would be observed of it."""

    store: FeatureStore
    now: datetime
    valkey: Valkey | None = None
    references: dict[str, str | None] = field(default_factory=dict)
    conflict: str | None = None
    changed_at: datetime | None = None
    readers: tuple[Reader, ...] | None = ()
    jobs: SimulatedJobs = field(default_factory=SimulatedJobs)
    decision: FeatureStoreDecision | None = None

    def step(self) -> list[str]:
        """Decide once; return what was started, such as `materialize credit_history`."""
        observed = FeatureStoreObserved(
            self.now,
            dict(self.jobs.outcomes),
            self.valkey,
            dict(self.references),
            self.conflict,
            self.changed_at,
            self.readers,
        )
        self.decision = feature_store.decide(self.store, observed)
        status = _stored(self.decision.status)
        self.store = self.store.model_copy(update={"status": status})
        return self.jobs.act(self.store, self.decision, self.now)

    @property
    def conditions(self) -> dict[str, Condition]:
        """The conditions of the status by their types."""
        return {each.type: each for each in self.store.status.conditions}


@dataclass
class ModelDeploymentLife:
    """A ModelDeployment with its Jobs, and what else would be observed of it."""

    model_deployment: ModelDeployment
    store: FeatureStore | None
    now: datetime
    serving: Serving | None = None
    references: dict[str, str | None] = field(default_factory=dict)
    missing_kinds: frozenset[str] = frozenset()
    changed_at: datetime | None = None
    jobs: SimulatedJobs = field(default_factory=SimulatedJobs)
    decision: ModelDeploymentDecision | None = None

    def step(self) -> list[str]:
        """Decide once; return what was started, such as `train`."""
        observed = ModelDeploymentObserved(
            self.now,
            self.store,
            dict(self.jobs.outcomes),
            self.serving,
            dict(self.references),
            self.missing_kinds,
            self.changed_at,
        )
        decision = self.decision = model_deployment.decide(self.model_deployment, observed)
        status = _stored(decision.status)
        self.model_deployment = self.model_deployment.model_copy(update={"status": status})
        return self.jobs.act(self.model_deployment, decision, self.now)

    @property
    def conditions(self) -> dict[str, Condition]:
        """The conditions of the status by their types."""
        return {each.type: each for each in self.model_deployment.status.conditions}


def _stored(status: S) -> S:
    """Return the status as the next decision reads it: written as JSON and parsed."""
    return type(status).model_validate_json(
        status.model_dump_json(by_alias=True, exclude_none=True), by_alias=True
    )
