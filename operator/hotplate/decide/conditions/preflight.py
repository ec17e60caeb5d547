"""What the conditions of a FeatureStore say of its preflight."""

from __future__ import annotations

from collections.abc import Iterable

from hotplate.api.v1alpha1.conditions import ConditionType, Reason
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus, PreflightCheck
from hotplate.decide.conditions.transitions import FALSE, UNKNOWN, ConditionDraft
from hotplate.decide.jobs.runs import failure, is_running, setback
from hotplate.protocol.job_results import Verdict

_OTHERS = (ConditionType.OFFLINE_STORE_REACHABLE, ConditionType.REGISTRY_REACHABLE)


def online_store(status: FeatureStoreStatus) -> ConditionDraft | None:
    """Return the condition of the online store, if the preflight determines it."""
    kind, run = ConditionType.ONLINE_STORE_REACHABLE, status.preflight_run
    failed = _of(status, kind)
    if failed is not None:
        return failed
    found = setback(run)
    if found is not None and not _failed(status.preflight):
        return ConditionDraft(kind, FALSE, *found)
    if run is not None and is_running(run) and status.revision is None:
        return ConditionDraft(kind, UNKNOWN, Reason.RUNNING, f"Job {run.job} checks it")
    return None


def other_stores(status: FeatureStoreStatus) -> tuple[ConditionDraft, ...]:
    """Return the conditions of the registry and the offline store, if they failed."""
    found = (_of(status, kind) for kind in _OTHERS)
    return tuple(draft for draft in found if draft is not None)


def warnings(status: FeatureStoreStatus) -> str:
    """Return the warnings of the online store's checks."""
    kind = ConditionType.ONLINE_STORE_REACHABLE.value
    checks = (each for each in status.preflight if each.condition == kind)
    passing = (each for each in checks if each.verdict != Verdict.FAILED)
    return "; ".join(f"{each.name}: {each.message}" for each in passing)


def _of(status: FeatureStoreStatus, kind: ConditionType) -> ConditionDraft | None:
    failed = [each for each in _failed(status.preflight) if each.condition == kind.value]
    if not failed or failure(status.preflight_run) is None:
        return None
    message = "; ".join(f"{each.name}: {each.message}" for each in failed)
    return ConditionDraft(kind, FALSE, failed[0].reason or Reason.JOB_FAILED, message)


def _failed(checks: Iterable[PreflightCheck]) -> list[PreflightCheck]:
    return [each for each in checks if each.verdict == Verdict.FAILED]
