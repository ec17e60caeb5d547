"""Whether the stores are usable: a Job checks them before anything is planned."""

from __future__ import annotations

from collections.abc import Iterable

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.conditions import ConditionType, Reason
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus, PreflightCheck
from hotplate.decide.conditions.transitions import FALSE, UNKNOWN, ConditionDraft
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.jobs.runs import JobRuns, failure, has_succeeded, is_running, setback
from hotplate.decide.jobs.specs import preflight_job
from hotplate.decide.observed import FeatureStoreObserved
from hotplate.protocol.job_results import Check, FailedResult, PreflightResult

FAILED = "Failed"
_OTHERS = (ConditionType.OFFLINE_STORE_REACHABLE, ConditionType.REGISTRY_REACHABLE)


def is_wanted(store: FeatureStore) -> bool:
    """Whether the FeatureStore uses a server or AWS; embedded stores need no check."""
    spec = store.spec
    servers = (spec.online_store.elasti_cache, spec.registry.sql)
    return spec.uses_aws or any(each is not None for each in servers)


def with_preflight(
    store: FeatureStore, status: FeatureStoreStatus, runs: JobRuns, observed: FeatureStoreObserved
) -> FeatureStoreStatus:
    """Return the status with the preflight of the current stores and Secrets."""
    if not is_wanted(store):
        return status.model_copy(update={"preflight_run": None, "preflight": ()})
    inputs = preflight_inputs(store, observed)
    run, _ = runs.ensure(status.preflight_run, preflight_job(inputs))
    outcome = runs.outcomes.get(run.job) if run is not None and not is_running(run) else None
    found = status.preflight
    result = None if outcome is None else outcome.result
    if isinstance(result, PreflightResult) or (isinstance(result, FailedResult) and result.checks):
        found = tuple(map(_reported, result.checks))
    return status.model_copy(update={"preflight_run": run, "preflight": _not_passed(found)})


def has_passed(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> bool:
    """Whether planning may start."""
    inputs = preflight_inputs(store, observed)
    return not is_wanted(store) or has_succeeded(status.preflight_run, inputs)


def preflight_inputs(store: FeatureStore, observed: FeatureStoreObserved) -> str:
    """Return a hash of all that the checks depend on; another hash runs them again."""
    spec = store.spec
    parts = (spec.online_store, spec.registry, spec.offline_store, spec.jobs)
    return fingerprint(
        spec.project,
        spec.artifacts,
        [part.model_dump(mode="json", by_alias=True, exclude_none=True) for part in parts],
        sorted(observed.references.items(), key=lambda each: each[0]),
    )


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
    return "; ".join(f"{each.name}: {each.message}" for each in checks if each.verdict != FAILED)


def _reported(check: Check) -> PreflightCheck:
    return PreflightCheck(
        condition=check.condition,
        name=check.name,
        verdict=check.verdict,
        reason=check.reason,
        message=check.message,
    )


def _of(status: FeatureStoreStatus, kind: ConditionType) -> ConditionDraft | None:
    failed = [each for each in _failed(status.preflight) if each.condition == kind.value]
    if not failed or failure(status.preflight_run) is None:
        return None
    message = "; ".join(f"{each.name}: {each.message}" for each in failed)
    return ConditionDraft(kind, FALSE, failed[0].reason or Reason.JOB_FAILED, message)


def _failed(checks: Iterable[PreflightCheck]) -> list[PreflightCheck]:
    return [each for each in checks if each.verdict == FAILED]


def _not_passed(checks: Iterable[PreflightCheck]) -> tuple[PreflightCheck, ...]:
    return tuple(each for each in checks if each.verdict != "Passed")
