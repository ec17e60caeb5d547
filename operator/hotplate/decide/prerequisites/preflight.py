"""Whether the stores are usable: a Job checks them before anything is planned."""

from __future__ import annotations

from collections.abc import Iterable

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus, PreflightCheck
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.jobs.runs import JobRuns, has_succeeded, is_running
from hotplate.decide.jobs.specs import preflight_job
from hotplate.decide.observed import FeatureStoreObserved
from hotplate.protocol.job_results import Check, FailedResult, PreflightResult, Verdict


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


def _reported(check: Check) -> PreflightCheck:
    return PreflightCheck(
        condition=check.condition,
        name=check.name,
        verdict=check.verdict,
        reason=check.reason,
        message=check.message,
    )


def _not_passed(checks: Iterable[PreflightCheck]) -> tuple[PreflightCheck, ...]:
    return tuple(each for each in checks if each.verdict != Verdict.PASSED)
