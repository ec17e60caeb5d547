"""The steps of deleting a FeatureStore with its data.

A FeatureStore waits for the ModelDeployments that use it. Its Jobs stop, so that none writes after
the removal. Then a Job removes the data, and the finalizer is removed. Meanwhile the conditions say
what the deletion waits for, and that deletionPolicy Retain ends it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.conditions import ConditionType, Reason
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus, JobRun
from hotplate.decide.conditions.transitions import FALSE, TRUE, ConditionDraft, conditions
from hotplate.decide.jobs.runs import SUCCEEDED, JobRuns, failure, setback
from hotplate.decide.jobs.specs import TEARDOWN_KEPT_SECONDS, JobSpec, teardown_job
from hotplate.decide.observed import Outcome
from hotplate.decide.schedule import next_poll

_WAY_OUT = (
    "to delete it and keep the data: kubectl patch featurestore {name} --namespace {namespace}"
    """ --type merge --patch '{{"spec": {{"deletionPolicy": "Retain"}}}}'"""
)


@dataclass(frozen=True)
class DeletionObserved:
    """All that the decision depends on, besides the FeatureStore.

    `dependents` are the ModelDeployments that use it. `jobs` are its other Jobs, `pods` those of
    their pods that have not ended. `outcomes` has its teardown Job, if one exists. `conflict` says
    which project's data its own cannot be distinguished from. `changed_at` is when the resource was
    last written.
    """

    now: datetime
    jobs: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    dependents: tuple[str, ...] = ()
    conflict: str | None = None
    is_namespace_terminating: bool = False
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    changed_at: datetime | None = None


@dataclass(frozen=True)
class DeletionDecision:
    """Whether the deletion is complete, the Jobs to start and to delete, and the status.

    The status is written before the finalizer is removed: it says that the data is gone.
    """

    is_complete: bool
    to_start: JobSpec | None = None
    to_delete: tuple[str, ...] = ()
    status: FeatureStoreStatus | None = None
    requeue_at: datetime | None = None


def decide(store: FeatureStore, observed: DeletionObserved) -> DeletionDecision:
    """Return what a FeatureStore that is being deleted needs now."""
    if _has_nothing_to_remove(store, observed):
        return DeletionDecision(is_complete=True)
    runs = JobRuns(store, observed.outcomes, paused=False)
    run, draft = store.status.teardown_run, _waiting(observed)
    if draft is None:
        run, _ = runs.ensure(run, teardown_job(store))
        draft = _running(run)
    status = _status(store, run, draft, observed.now)
    changed = observed.now if status != store.status else observed.changed_at
    return DeletionDecision(
        is_complete=run is not None and run.result == SUCCEEDED,
        to_start=next(iter(runs.to_start.values()), None),
        to_delete=(*observed.jobs, *runs.to_delete),
        status=status,
        requeue_at=next_poll(changed, observed.now),
    )


def _has_nothing_to_remove(store: FeatureStore, observed: DeletionObserved) -> bool:
    """Whether the data is kept, or none was ever written: no apply has started.

    Thus a FeatureStore that was refused because of a conflict does not remove the other one's data.
    """
    return not store.spec.is_torn_down or (
        store.status.apply_run is None and not observed.jobs and not observed.pods
    )


def _waiting(observed: DeletionObserved) -> ConditionDraft | None:
    """Return what the removal waits for, if anything."""
    kind = ConditionType.DELETING
    if observed.conflict is not None:
        message = f"its data cannot be distinguished from another project's: {observed.conflict}"
        return ConditionDraft(kind, TRUE, Reason.PROJECT_CONFLICT, message)
    if observed.dependents:
        message = f"ModelDeployments use it: {', '.join(observed.dependents)}; delete them first"
        return ConditionDraft(kind, TRUE, Reason.IN_USE, message)
    if observed.jobs or observed.pods:
        names = sorted({*observed.jobs, *observed.pods})
        message = f"waiting for its Jobs to stop: {', '.join(names)}"
        return ConditionDraft(kind, TRUE, Reason.STOPPING_JOBS, message)
    if observed.is_namespace_terminating:
        message = "no Job can start in a namespace that is being deleted"
        return ConditionDraft(kind, TRUE, Reason.NAMESPACE_TERMINATING, message)
    return None


def _running(run: JobRun | None) -> ConditionDraft:
    problem = failure(run)
    if run is not None and problem is not None:
        again = f"it is retried within {TEARDOWN_KEPT_SECONDS // 60} minutes"
        return ConditionDraft(ConditionType.DELETING, TRUE, run.result, f"{problem}; {again}")
    if (found := setback(run)) is not None:
        return ConditionDraft(ConditionType.DELETING, TRUE, *found)
    message = f"Job {run.job} removes the data" if run is not None else ""
    return ConditionDraft(ConditionType.DELETING, TRUE, Reason.TEARING_DOWN, message)


def _status(
    store: FeatureStore, run: JobRun | None, draft: ConditionDraft, now: datetime
) -> FeatureStoreStatus:
    """Return the status with new `Ready` and `Deleting`; the other conditions stay, but Stalled."""
    metadata = store.metadata
    way_out = _WAY_OUT.format(name=metadata.name, namespace=metadata.namespace)
    message = f"{draft.message}; {way_out}"
    found = (
        ConditionDraft(ConditionType.READY, FALSE, draft.reason, message),
        ConditionDraft(ConditionType.DELETING, TRUE, draft.reason, message),
    )
    generation = metadata.generation or 0
    ready, deleting = conditions(store.status.conditions, found, generation, now)
    replaced = (ready.type, deleting.type, ConditionType.STALLED)
    others = [each for each in store.status.conditions if each.type not in replaced]
    return store.status.model_copy(
        update={
            "observed_generation": generation,
            "teardown_run": run,
            "conditions": (ready, *others, deleting),
        }
    )
