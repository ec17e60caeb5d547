"""What the conditions of a FeatureStore say, each with figures and what to do."""

from __future__ import annotations

from datetime import timedelta

from hotplate.api import FeatureStore
from hotplate.api.fields.base import format_duration
from hotplate.api.v1alpha1.conditions import ConditionType, Reason
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus, JobRun, ViewProgress
from hotplate.decide.conditions.transitions import ConditionDraft, missing, ready, stalled
from hotplate.decide.jobs.runs import SUCCEEDED, failure, is_running, setback
from hotplate.decide.observed import FeatureStoreObserved
from hotplate.decide.preflight import online_store, other_stores, warnings
from hotplate.decide.schedule import ScheduleError, last_due

_DEVELOPMENT = "an embedded Valkey, for development: what it holds is lost with its pod"


def drafts(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> tuple[ConditionDraft, ...]:
    """Return the drafts, `Ready` first."""
    found = (
        _online_store(store, status, observed),
        *other_stores(status),
        _planned(status),
        _applied(store, status),
        _materialized(store, status, observed),
        _fresh(store, status),
    )
    summary = _blocked(store, observed) or ready(found, _summed_up(status))
    return (summary, *found, *stalled(summary))


def _summed_up(status: FeatureStoreStatus) -> str:
    """Return what there is once all holds."""
    revision = status.revision.id if status.revision else "none"
    return f"revision {revision}, {len(status.views)} views in the online store"


def _blocked(store: FeatureStore, observed: FeatureStoreObserved) -> ConditionDraft | None:
    """Return why nothing goes on at all, if so."""
    if observed.conflict is not None:
        return ConditionDraft(
            ConditionType.READY, False, Reason.PROJECT_CONFLICT, observed.conflict
        )
    if (found := missing(observed.references)) is not None:
        return found
    if store.spec.suspend:
        message = "spec.suspend is true: no Job is started"
        return ConditionDraft(ConditionType.READY, False, Reason.SUSPENDED, message)
    return None


def _online_store(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> ConditionDraft:
    kind = ConditionType.ONLINE_STORE_REACHABLE
    if store.spec.uses_embedded_store and not (observed.valkey and observed.valkey.ready):
        return _starting(observed)
    if store.spec.online_store.embedded is not None:
        return ConditionDraft(kind, True, Reason.DEVELOPMENT_STORE, _DEVELOPMENT)
    checked = online_store(status)
    if checked is not None:
        return checked
    for run in (status.apply_run, *(view.last_run for view in status.views)):
        if run is not None and run.result.startswith("OnlineStore"):
            return ConditionDraft(kind, False, run.result, failure(run) or "")
    if status.preflight_run is None:
        return ConditionDraft(kind, None, Reason.PENDING, "waiting for the first preflight")
    return ConditionDraft(kind, True, Reason.REACHABLE, warnings(status))


def _starting(observed: FeatureStoreObserved) -> ConditionDraft:
    """Return why the embedded Valkey does not answer yet."""
    kind, message = ConditionType.ONLINE_STORE_REACHABLE, "the embedded Valkey's pod is not ready"
    if observed.valkey is None or observed.valkey.waits_for is None:
        return ConditionDraft(kind, False, Reason.STORE_STARTING, message)
    reason, said = observed.valkey.waits_for
    return ConditionDraft(kind, False, reason, f"{message}: {reason}: {said}")


def _planned(status: FeatureStoreStatus) -> ConditionDraft:
    kind, plan = ConditionType.PLANNED, status.plan
    if status.plan_run is None or status.plan_run.result != SUCCEEDED or plan is None:
        return _unfinished(kind, status.plan_run or status.preflight_run)
    figures = f"{plan.create} to create, {plan.update} to update, {plan.delete} to delete"
    return ConditionDraft(kind, True, Reason.SUCCEEDED, figures)


def _applied(store: FeatureStore, status: FeatureStoreStatus) -> ConditionDraft:
    kind, plan, limit = ConditionType.APPLIED, status.plan, store.spec.apply.max_deletions
    revision, run = status.revision, status.apply_run
    has_applied = revision is not None and run is not None and run.result == SUCCEEDED
    is_current = revision is not None and plan is not None and revision.plan_hash == plan.hash
    is_approved = plan is None or not store.spec.apply.blocks(plan.delete, plan.hash)
    if revision is not None and has_applied and (is_current or is_approved):
        return ConditionDraft(kind, True, Reason.SUCCEEDED, f"revision {revision.id}")
    if plan is not None and not is_approved:
        message = (
            f"the plan deletes {plan.delete} Feast objects, spec.apply.maxDeletions is {limit}:"
            f" {'; '.join(plan.summary)}. To let it pass: spec.apply.approve: {plan.hash}"
        )
        return ConditionDraft(kind, False, Reason.APPLY_BLOCKED, message)
    return _unfinished(kind, run)


def _materialized(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> ConditionDraft:
    kind, spec = ConditionType.MATERIALIZED, store.spec.materialization
    try:
        if spec.schedule is not None:
            last_due(spec.schedule, spec.time_zone, observed.now)
    except ScheduleError as error:
        return ConditionDraft(kind, False, Reason.INVALID_SCHEDULE, str(error))
    runs = [view.last_run for view in status.views]
    runs += [backfill.last_run for backfill in status.backfills]
    failed = [problem for run in runs if (problem := failure(run))]
    if failed:
        return ConditionDraft(kind, False, Reason.JOB_FAILED, "; ".join(failed))
    stuck = [found for run in runs if (found := setback(run))]
    told = [message for _, message in stuck]
    waiting = [view.name for view in status.views if view.watermark is None]
    if waiting or not status.views:
        message = f"not yet in the online store: {', '.join(waiting) or 'any view'}"
        reason = stuck[0][0] if stuck else Reason.NOT_MATERIALIZED
        return ConditionDraft(kind, False, reason, "; ".join((message, *told)))
    message = "; ".join((f"{len(status.views)} views", *told))
    return ConditionDraft(kind, True, Reason.ALL_MATERIALIZED, message)


def _fresh(store: FeatureStore, status: FeatureStoreStatus) -> ConditionDraft:
    promises = {view.name: view.max_staleness for view in store.spec.materialization.views}
    late = [view for view in status.views if view.fresh is False]
    stale = [_staleness(view, promises[view.name]) for view in late if view.watermark is not None]
    if stale:
        return ConditionDraft(ConditionType.FRESH, False, Reason.STALE, "; ".join(stale))
    if not any(promises.values()):
        return ConditionDraft(
            ConditionType.FRESH, True, Reason.NO_MAX_STALENESS, "no view has maxStaleness"
        )
    if late or not status.views:
        message = "waiting for the first materialization"
        return ConditionDraft(ConditionType.FRESH, None, Reason.PENDING, message)
    kept = sum(view.fresh is True for view in status.views)
    message = f"{kept} of {len(status.views)} views have a maxStaleness and keep it"
    return ConditionDraft(ConditionType.FRESH, True, Reason.ALL_FRESH, message)


def _staleness(view: ViewProgress, promise: timedelta | None) -> str:
    limit, since = format_duration(promise or timedelta()), view.watermark
    return f"{view.name} is at {since.isoformat() if since else 'none'}, maxStaleness is {limit}"


def _unfinished(kind: ConditionType, run: JobRun | None) -> ConditionDraft:
    """Return what there is to say of a Job that has not ended well."""
    if (found := setback(run)) is not None:
        return ConditionDraft(kind, False, *found)
    if run is not None and is_running(run):
        return ConditionDraft(kind, None, Reason.RUNNING, f"Job {run.job} runs")
    return ConditionDraft(kind, None, Reason.PENDING, "no Job yet: see Ready")
