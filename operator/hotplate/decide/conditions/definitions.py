"""The condition of definitions in Git."""

from __future__ import annotations

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.conditions import ConditionType, Reason, condition_of
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus
from hotplate.api.v1alpha1.names import revision_id
from hotplate.decide.conditions.transitions import FALSE, TRUE, UNKNOWN, ConditionDraft
from hotplate.decide.jobs.runs import is_running, setback
from hotplate.decide.observed import FeatureStoreObserved
from hotplate.decide.prerequisites.definitions import in_git

_KIND = ConditionType.DEFINITIONS_RESOLVED


def resolved(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> tuple[ConditionDraft, ...]:
    """Return whether the ref of definitions in Git was resolved; none where they are elsewhere."""
    git, run = in_git(store, observed), status.resolve_run
    if git is None:
        return ()
    if (found := setback(run)) is not None:
        reason, message = found
        return (ConditionDraft(_KIND, FALSE, reason, f"{message}{_kept(status)}"),)
    before = condition_of(
        store.status.conditions, _KIND
    )  # while a Job runs, the last failure counts
    if is_running(run) and before is not None and not before.holds and before.reason not in _BEGUN:
        return (ConditionDraft(_KIND, before.status, before.reason, before.message),)
    if status.commit is None:
        reason = Reason.RUNNING if is_running(run) else Reason.PENDING
        return (ConditionDraft(_KIND, UNKNOWN, reason, f"ref {git.ref} was not resolved yet"),)
    message = f"ref {git.ref} is commit {revision_id(status.commit)}"
    return (ConditionDraft(_KIND, TRUE, Reason.SUCCEEDED, message),)


_BEGUN = frozenset({Reason.RUNNING, Reason.PENDING})


def _kept(status: FeatureStoreStatus) -> str:
    """Return what a failure leaves applied."""
    return f"; revision {status.revision.id} stays applied" if status.revision else ""
