"""What happens to a FeatureStore that is being deleted while its data is to be removed.

Its Jobs end first, so that none writes after the removal; it waits for the ModelDeployments that
read it; then a Job removes the data, and the resource may go. It is never stuck in silence: the
conditions say what it waits for, and that deletionPolicy Retain lets it go at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.conditions import ConditionType, Reason
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus, JobRun
from hotplate.decide.conditions.transitions import ConditionDraft, conditions
from hotplate.decide.jobs.runs import SUCCEEDED, JobRuns, failure, setback
from hotplate.decide.jobs.specs import TEARDOWN_KEPT_SECONDS, JobSpec, teardown_job
from hotplate.decide.observed import Outcome
from hotplate.decide.schedule import next_poll

_WAY_OUT = (
    "to delete it and leave the data: kubectl patch featurestore {name} --namespace {namespace}"
    """ --type merge --patch '{{"spec": {{"deletionPolicy": "Retain"}}}}'"""
)


@dataclass(frozen=True)
class DeletionObserved:
    """All that the decision depends on, beside the FeatureStore.

    `jobs` are its other Jobs, `pods` their pods that have not ended, `readers` the
    ModelDeployments that read it; `conflict` says whose data its project shares;
    `outcomes` has its teardown Job, if there is one; `changed_at` is when anything of the
    resource was last written.
    """

    now: datetime
    jobs: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    conflict: str | None = None
    is_namespace_going: bool = False
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    changed_at: datetime | None = None


@dataclass(frozen=True)
class DeletionDecision:
    """Whether the resource may go, the Job to start, Jobs to delete, and the status.

    That the data is removed is in the status first, and only then may the Job be deleted.
    """

    may_go: bool
    to_start: JobSpec | None = None
    to_delete: tuple[str, ...] = ()
    status: FeatureStoreStatus | None = None
    requeue_at: datetime | None = None


def decide(store: FeatureStore, observed: DeletionObserved) -> DeletionDecision:
    """Return what a FeatureStore that is being deleted needs now."""
    if _may_go(store, observed):
        return DeletionDecision(may_go=True)
    runs = JobRuns(store, observed.outcomes, paused=False)
    run, draft = store.status.teardown_run, _waiting(observed)
    if draft is None:
        run, _ = runs.ensure(run, teardown_job(store))
        draft = _running(run)
    status = _status(store, run, draft, observed.now)
    changed = observed.now if status != store.status else observed.changed_at
    return DeletionDecision(
        may_go=run is not None and run.result == SUCCEEDED,
        to_start=runs.to_start[0] if runs.to_start else None,
        to_delete=(*observed.jobs, *runs.to_delete),
        status=status,
        requeue_at=next_poll(changed, observed.now),
    )


def _may_go(store: FeatureStore, observed: DeletionObserved) -> bool:
    """Whether there is nothing to remove: that is wanted, or it never got as far as an apply.

    A store that was refused because of a conflict has no data, only its neighbour has.
    """
    return not store.spec.is_torn_down or (
        store.status.apply_run is None and not observed.jobs and not observed.pods
    )


def _waiting(observed: DeletionObserved) -> ConditionDraft | None:
    """Return what comes before the removal, if anything does."""
    kind = ConditionType.DELETING
    if observed.conflict is not None:
        message = f"its data cannot be distinguished from another project's: {observed.conflict}"
        return ConditionDraft(kind, True, Reason.PROJECT_CONFLICT, message)
    if observed.readers:
        message = f"ModelDeployments read it: {', '.join(observed.readers)}; delete them first"
        return ConditionDraft(kind, True, Reason.IN_USE, message)
    if observed.jobs or observed.pods:
        names = sorted({*observed.jobs, *observed.pods})
        message = f"waiting for its Jobs to stop: {', '.join(names)}"
        return ConditionDraft(kind, True, Reason.STOPPING_JOBS, message)
    if observed.is_namespace_going:
        message = "no Job can start in a namespace that is being deleted"
        return ConditionDraft(kind, True, Reason.NAMESPACE_TERMINATING, message)
    return None


def _running(run: JobRun | None) -> ConditionDraft:
    problem = failure(run)
    if run is not None and problem is not None:
        again = f"it is retried within {TEARDOWN_KEPT_SECONDS // 60} minutes"
        return ConditionDraft(ConditionType.DELETING, True, run.result, f"{problem}; {again}")
    if (found := setback(run)) is not None:
        return ConditionDraft(ConditionType.DELETING, True, *found)
    told = f"Job {run.job} removes the data" if run is not None else ""
    return ConditionDraft(ConditionType.DELETING, True, Reason.TEARING_DOWN, told)


def _status(
    store: FeatureStore, run: JobRun | None, draft: ConditionDraft, now: datetime
) -> FeatureStoreStatus:
    """Return the status with `Ready` and `Deleting` anew; what else was told still holds."""
    metadata = store.metadata
    way_out = _WAY_OUT.format(name=metadata.name, namespace=metadata.namespace)
    message = f"{draft.message}; {way_out}"
    found = (
        ConditionDraft(ConditionType.READY, False, draft.reason, message),
        ConditionDraft(ConditionType.DELETING, True, draft.reason, message),
    )
    generation = metadata.generation or 0
    ready, deleting = conditions(store.status.conditions, found, generation, now)
    told = (ready.type, deleting.type, ConditionType.STALLED)
    others = [each for each in store.status.conditions if each.type not in told]
    return store.status.model_copy(
        update={
            "observed_generation": generation,
            "teardown_run": run,
            "conditions": (ready, *others, deleting),
        }
    )
