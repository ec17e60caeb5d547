"""The decision about a FeatureStore: its Jobs, its status, and when to look again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from hotplate.api import FeatureStore
from hotplate.api.fields.base import Model
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.feature_store_plan import (
    RegistryStatus,
)
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus, JobRun
from hotplate.decide.conditions.feature_store import drafts
from hotplate.decide.conditions.transitions import conditions
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.jobs.runs import JobRuns, has_succeeded
from hotplate.decide.jobs.specs import JobSpec, apply_job, plan_job
from hotplate.decide.materialization import with_materializations
from hotplate.decide.observed import FeatureStoreObserved, Outcome
from hotplate.decide.plan_gate import is_blocked, is_undecided, needs_readers
from hotplate.decide.prerequisites.definitions import (
    in_git,
    next_resolution,
    plan_parts,
    with_commit,
)
from hotplate.decide.prerequisites.preflight import has_passed, with_preflight
from hotplate.decide.reported import (
    MOST_LINES,
    applied_revision,
    plan_summary,
    service_statuses,
)
from hotplate.decide.schedule import next_poll
from hotplate.protocol.definition_results import ApplyResult, PlanResult
from hotplate.protocol.job_results import MaterializeResult


@dataclass(frozen=True)
class FeatureStoreDecision:
    """Jobs to start and to delete, the status to report, and when to look again."""

    to_start: tuple[JobSpec, ...]
    to_delete: tuple[str, ...]
    status: FeatureStoreStatus
    requeue_at: datetime | None


def decide(store: FeatureStore, observed: FeatureStoreObserved) -> FeatureStoreDecision:
    """Return what a FeatureStore needs now."""
    status, runs, requeue_at = _progressed(store, store.status, observed)
    generation = store.metadata.generation or 0
    found = drafts(store, status, observed)
    status = status.model_copy(
        update={
            "observed_generation": generation,
            "embedded_store_pod_uid": observed.valkey.pod_uid if observed.valkey else "",
            "conditions": conditions(store.status.conditions, found, generation, observed.now),
        }
    )
    poll_at = _poll_at(store, status, observed, runs)
    look_at = observed.now if observed.readers is None and needs_readers(status) else None
    resolve_at = next_resolution(store, status, observed)
    times = [time for time in (requeue_at, poll_at, look_at, resolve_at) if time is not None]
    return FeatureStoreDecision(
        tuple(runs.to_start.values()), tuple(runs.to_delete), status, min(times, default=None)
    )


def _poll_at(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved, runs: JobRuns
) -> datetime | None:
    """Return when to poll what sends no event, None if the FeatureStore waits for nothing."""
    is_ready = status.conditions[0].holds
    if not runs.has_active and (is_ready or store.spec.suspend):
        return None
    changed = observed.now if status != store.status else observed.changed_at
    return next_poll(changed, observed.now)


def _progressed(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> tuple[FeatureStoreStatus, JobRuns, datetime | None]:
    """Return the status after ended Jobs are recorded and due Jobs are started.

    Plan and apply are followed to their end whether or not they are still wanted. An ended Job may
    allow another one to start, such as the next chunk, so then all is repeated.
    """
    runs = JobRuns(store, observed.outcomes, _is_paused(store, observed), observed.references)
    while True:
        status = _with_followed_apply(_with_followed_plan(status, runs), runs)
        status = with_commit(store, with_preflight(store, status, runs, observed), runs, observed)
        is_known = in_git(store, observed) is None or status.commit is not None
        if is_known and has_passed(store, status, observed):
            inputs = _plan_inputs(store, status, observed)
            status = _with_plan(status, runs, inputs)
            status = _with_apply(store, status, runs, observed, inputs)
        status, requeue_at = with_materializations(store, status, runs, observed)
        if not runs.ended:
            return status, runs, requeue_at
        status, runs = _with_reported(status, runs), runs.again()


def _is_paused(store: FeatureStore, observed: FeatureStoreObserved) -> bool:
    """Whether no Job may start: suspended, a missing reference, a conflict, no Valkey yet."""
    return (
        store.spec.suspend
        or None in observed.references.values()
        or observed.conflict is not None
        or (store.spec.uses_embedded_store and not (observed.valkey and observed.valkey.ready))
    )


def _plan_inputs(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> str:
    """Return a hash of all that a plan depends on; another hash plans again."""
    spec = store.spec
    definitions, *commit = plan_parts(store, status, observed)
    stores = (spec.registry, spec.online_store, spec.offline_store)
    config_map = spec.definitions.config_map
    return fingerprint(
        spec.project,
        [definitions, *map(_data, stores)],
        spec.artifacts,
        spec.jobs.image,
        observed.references.get(f"ConfigMap/{config_map.name}") if config_map else None,
        observed.valkey.pod_uid if observed.valkey else None,
        store.metadata.annotations.get(names.REFRESH_ANNOTATION),
        *commit,
    )


def _with_followed_plan(status: FeatureStoreStatus, runs: JobRuns) -> FeatureStoreStatus:
    run, outcome = runs.follow(status.plan_run, "plan")
    return _with_plan_outcome(status, run, outcome)


def _with_plan(status: FeatureStoreStatus, runs: JobRuns, inputs: str) -> FeatureStoreStatus:
    run, outcome = runs.ensure(status.plan_run, plan_job(inputs, status.commit))
    return _with_plan_outcome(status, run, outcome)


def _with_plan_outcome(
    status: FeatureStoreStatus, run: JobRun | None, outcome: Outcome | None
) -> FeatureStoreStatus:
    if outcome is None:
        return status.model_copy(update={"plan_run": run})
    result = outcome.of(PlanResult)
    plan = plan_summary(result, outcome.commit, status.revision)
    services = service_statuses(result.services)
    return status.model_copy(update={"plan_run": run, "plan": plan, "services": services})


def _with_apply(
    store: FeatureStore,
    status: FeatureStoreStatus,
    runs: JobRuns,
    observed: FeatureStoreObserved,
    plan_inputs: str,
) -> FeatureStoreStatus:
    """Return the status with the apply of the planned definitions, unless the gate blocks it."""
    plan = status.plan
    if plan is None or not has_succeeded(status.plan_run, plan_inputs):
        return status
    if is_undecided(plan, observed) or is_blocked(store, plan, observed):
        return status
    inputs = fingerprint(plan_inputs, plan.hash, store.spec.apply.is_gated(plan.destroys))
    job_spec = apply_job(inputs, plan.commit, plan.hash, observed.readers)
    run, outcome = runs.ensure(status.apply_run, job_spec)
    return _with_apply_outcome(status, run, outcome)


def _with_followed_apply(status: FeatureStoreStatus, runs: JobRuns) -> FeatureStoreStatus:
    run, outcome = runs.follow(status.apply_run, "apply")
    return _with_apply_outcome(status, run, outcome)


def _with_apply_outcome(
    status: FeatureStoreStatus, run: JobRun | None, outcome: Outcome | None
) -> FeatureStoreStatus:
    if outcome is None:
        return status.model_copy(update={"apply_run": run})
    revision = applied_revision(status.plan, outcome)
    services = service_statuses(outcome.of(ApplyResult).services)
    update = {"apply_run": run, "revision": revision, "services": services}
    return status.model_copy(update=update)


def _with_reported(status: FeatureStoreStatus, runs: JobRuns) -> FeatureStoreStatus:
    """Return the status with the registry and the kept data after the Job that finished last."""
    ended = [(each.finished, each.result) for each in runs.ended if each.finished]
    results = [result for _, result in sorted(ended, key=itemgetter(0))]
    written = [each for each in results if isinstance(each, (ApplyResult, MaterializeResult))]
    registries = [each.registry for each in written if each.registry]
    kept = [each.kept for each in written if each.kept is not None]
    update: dict[str, object] = {}
    if registries:
        registry = registries[-1]
        update["registry"] = RegistryStatus(version=registry.version, size=registry.size)
    if kept:
        update["kept"] = kept[-1][:MOST_LINES]
    return status.model_copy(update=update)


def _data(part: Model) -> Any:
    return part.model_dump(mode="json", by_alias=True, exclude_none=True)
