"""The conditions of a FeatureStore, each with figures and what to do."""

from __future__ import annotations

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.conditions import ConditionType, Reason
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus, JobRun, ViewProgress
from hotplate.decide.conditions.definitions import resolved
from hotplate.decide.conditions.preflight import online_store, other_stores, warnings
from hotplate.decide.conditions.transitions import (
    FALSE,
    TRUE,
    UNKNOWN,
    ConditionDraft,
    missing,
    ready,
    stalled,
)
from hotplate.decide.freshness import Staleness, promises, staleness
from hotplate.decide.jobs.runs import SUCCEEDED, failure, is_running, setback
from hotplate.decide.observed import FeatureStoreObserved
from hotplate.decide.plan_gate import is_blocked, objection
from hotplate.decide.schedule import ScheduleError, last_due

_DEVELOPMENT = "an embedded Valkey, for development: its data is lost with its pod"
_PENDING = "its Job has not started; condition Ready says why"


def drafts(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> tuple[ConditionDraft, ...]:
    """Return the conditions' drafts, `Ready` first."""
    found = (
        _online_store(store, status, observed),
        *other_stores(status),
        *resolved(store, status, observed),
        _planned(status),
        _applied(store, status, observed),
        _materialized(store, status, observed),
        _fresh(store, status, observed),
    )
    is_ready = _blocked(store, observed) or ready(found, _summary(status))
    return (is_ready, *found, *stalled(is_ready))


def _summary(status: FeatureStoreStatus) -> str:
    """Return the message of a FeatureStore that is ready."""
    revision = status.revision.id if status.revision else "none"
    return f"revision {revision}, {len(status.views)} views in the online store"


def _blocked(store: FeatureStore, observed: FeatureStoreObserved) -> ConditionDraft | None:
    """Return `Ready` if no Job may start at all."""
    if observed.conflict is not None:
        return ConditionDraft(
            ConditionType.READY, FALSE, Reason.PROJECT_CONFLICT, observed.conflict
        )
    if (found := missing(observed.references)) is not None:
        return found
    if store.spec.suspend:
        message = "spec.suspend is true: no Job starts"
        return ConditionDraft(ConditionType.READY, FALSE, Reason.SUSPENDED, message)
    return None


def _online_store(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> ConditionDraft:
    kind = ConditionType.ONLINE_STORE_REACHABLE
    if store.spec.uses_embedded_store and not (observed.valkey and observed.valkey.ready):
        return _starting(observed)
    if store.spec.online_store.embedded is not None:
        return ConditionDraft(kind, TRUE, Reason.DEVELOPMENT_STORE, _DEVELOPMENT)
    checked = online_store(status)
    if checked is not None:
        return checked
    for run in (status.apply_run, *(view.last_run for view in status.views)):
        if run is not None and run.result.startswith("OnlineStore"):
            return ConditionDraft(kind, FALSE, run.result, failure(run) or "")
    if status.preflight_run is None:
        return ConditionDraft(kind, UNKNOWN, Reason.PENDING, "waiting for the first preflight")
    return ConditionDraft(kind, TRUE, Reason.REACHABLE, warnings(status))


def _starting(observed: FeatureStoreObserved) -> ConditionDraft:
    """Return why the embedded Valkey does not answer yet."""
    kind, message = ConditionType.ONLINE_STORE_REACHABLE, "the embedded Valkey's pod is not ready"
    if observed.valkey is None or observed.valkey.waits_for is None:
        return ConditionDraft(kind, FALSE, Reason.STORE_STARTING, message)
    reason, cause = observed.valkey.waits_for
    return ConditionDraft(kind, FALSE, reason, f"{message}: {reason}: {cause}")


def _planned(status: FeatureStoreStatus) -> ConditionDraft:
    kind, plan = ConditionType.PLANNED, status.plan
    if status.plan_run is None or status.plan_run.result != SUCCEEDED or plan is None:
        return _unfinished(kind, status.plan_run or status.preflight_run)
    figures = f"{plan.create} to create, {plan.update} to update, {plan.delete} to delete"
    return ConditionDraft(kind, TRUE, Reason.SUCCEEDED, figures)


def _applied(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> ConditionDraft:
    kind, revision, run = ConditionType.APPLIED, status.revision, status.apply_run
    has_applied = run is not None and run.result == SUCCEEDED
    blocked = status.plan is not None and is_blocked(store, status.plan, observed)
    if revision is not None and has_applied and (status.has_applied_plan or not blocked):
        return ConditionDraft(kind, TRUE, Reason.SUCCEEDED, f"revision {revision.id}")
    if blocked:
        message = objection(store, status, observed)
        return ConditionDraft(kind, FALSE, Reason.APPLY_BLOCKED, message)
    return _unfinished(kind, run)


def _materialized(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> ConditionDraft:
    kind, spec = ConditionType.MATERIALIZED, store.spec.materialization
    try:
        if spec.schedule is not None:
            last_due(spec.schedule, spec.time_zone, observed.now)
    except ScheduleError as error:
        return ConditionDraft(kind, FALSE, Reason.INVALID_SCHEDULE, str(error))
    runs = [view.last_run for view in status.views]
    runs += [backfill.last_run for backfill in status.backfills]
    failed = [problem for run in runs if (problem := failure(run))]
    if failed:
        return ConditionDraft(kind, FALSE, Reason.JOB_FAILED, "; ".join(failed))
    stuck = [found for run in runs if (found := setback(run))]
    causes = [message for _, message in stuck]
    waiting = [view.name for view in status.views if view.watermark is None]
    if waiting or not status.views:
        names = ", ".join(waiting)
        message = f"not materialized yet: {names}" if names else "no feature view is applied yet"
        reason = stuck[0][0] if stuck else Reason.NOT_MATERIALIZED
        return ConditionDraft(kind, FALSE, reason, "; ".join((message, *causes)))
    left_out = [text for view in status.views if (text := _left_out(view))]
    message = "; ".join((f"{len(status.views)} views", *causes, *left_out))
    return ConditionDraft(kind, TRUE, Reason.ALL_MATERIALIZED, message)


def _left_out(view: ViewProgress) -> str:
    """Return which rows the last run left out, and why; empty without any."""
    parts = []
    if view.null_keys:
        parts.append(f"{view.null_keys:,} rows without a join key are skipped")
    if view.rows_ahead:
        parts.append(f"{view.rows_ahead:,} rows with event times ahead of now are left out")
    return f"{view.name}: {', '.join(parts)}" if parts else ""


def _fresh(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> ConditionDraft:
    kind, promised = ConditionType.FRESH, promises(store)
    found = [
        stale
        for view in status.views
        if view.name in promised
        and (stale := staleness(view, promised[view.name], observed.now)) is not None
    ]
    found += [empty for view in status.views if (empty := _without_rows(view)) is not None]
    if found:
        messages = "; ".join(each.message for each in found)
        return ConditionDraft(kind, FALSE, found[0].reason, messages)
    if not promised:
        message = "no view has maxStaleness, maxDataAge or expectedRows"
        return ConditionDraft(kind, TRUE, Reason.NO_MAX_STALENESS, message)
    if not status.views or any(view.fresh is False for view in status.views):
        message = "waiting for the first materialization"
        return ConditionDraft(kind, UNKNOWN, Reason.PENDING, message)
    message = f"{len(promised)} of {len(status.views)} views promise to be fresh, and all are"
    return ConditionDraft(kind, TRUE, Reason.ALL_FRESH, message)


def _without_rows(view: ViewProgress) -> Staleness | None:
    """Return that no row of a view's source was ever written, although it has some."""
    if not view.source_rows or view.newest_event_time is not None:
        return None
    message = (
        f"{view.name} has no row in the online store: its data source has {view.source_rows:,}"
        " rows, and none has an event time within the view's ttl; correct ttl or event times"
    )
    return Staleness(Reason.NO_ROWS_IN_WINDOW, message)


def _unfinished(kind: ConditionType, run: JobRun | None) -> ConditionDraft:
    """Return the condition of a Job that has not succeeded."""
    if (found := setback(run)) is not None:
        return ConditionDraft(kind, FALSE, *found)
    if run is not None and is_running(run):
        return ConditionDraft(kind, UNKNOWN, Reason.RUNNING, f"Job {run.job} runs")
    return ConditionDraft(kind, UNKNOWN, Reason.PENDING, _PENDING)
