"""What a run has to do, given the manifests and the record of earlier runs: pure decisions."""

from __future__ import annotations

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

from croniter import croniter

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.local.errors import LocalError
from hotplate.local.record import ModelRecord, Record, ViewRecord


def settings_hash(feature_store: FeatureStore) -> str:
    """The hash of all that an apply depends on besides the definition files."""
    parts = feature_store.spec.model_dump_json(
        by_alias=True, include={"project", "registry", "online_store", "offline_store"}
    )
    return hashlib.sha256(parts.encode()).hexdigest()


def is_applied(feature_store: FeatureStore, revision: str, record: Record) -> bool:
    """Whether these definitions were applied to these stores."""
    applied = record.applied
    return (
        applied is not None
        and applied.revision == revision
        and applied.settings == settings_hash(feature_store)
    )


def views_due(feature_store: FeatureStore, record: Record, now: datetime) -> tuple[str, ...]:
    """The applied views to materialize now, in the order of the definitions."""
    if record.applied is None:
        return ()
    return tuple(
        view
        for view in record.applied.views
        if not _is_fresh(feature_store, view, record.views.get(view), now)
    )


def _is_fresh(
    feature_store: FeatureStore, view: str, done: ViewRecord | None, now: datetime
) -> bool:
    """Whether the view is within its maxStaleness or, without one, its schedule has not come."""
    if done is None:
        return False
    materialization = feature_store.spec.materialization
    for promised in materialization.views or ():
        if promised.name == view and promised.max_staleness is not None:
            return now - done.watermark <= promised.max_staleness
    following = next_run(feature_store, done.watermark)
    return following is None or now < following


def next_run(feature_store: FeatureStore, after: datetime) -> datetime | None:
    """The schedule's first due time after a time, in its own time zone; None without one."""
    materialization = feature_store.spec.materialization
    if materialization.schedule is None:
        return None
    local = after.astimezone(ZoneInfo(materialization.time_zone))
    due: datetime = croniter(materialization.schedule, local).get_next(datetime)
    return due


def seconds_to_next_run(feature_store: FeatureStore, now: datetime) -> float | None:
    """Seconds until the schedule is due; None without a schedule."""
    following = next_run(feature_store, now)
    return None if following is None else (following - now).total_seconds()


def must_train(model_deployment: ModelDeployment, record: Record, *, retrain: bool) -> bool:
    """Whether a model has to be trained; one that exists is never replaced unasked.

    Raises:
        LocalError: the model there is was trained on another feature service.
    """
    if model_deployment.spec.model.pinned is not None:
        return False
    if record.model is None or retrain:
        return True
    _refuse_other_service(model_deployment, record.model)
    return False


def served_model(model_deployment: ModelDeployment, record: Record) -> tuple[str, str]:
    """The tag and the artifact of the model to serve: the pinned one, or the one trained here."""
    pinned = model_deployment.spec.model.pinned
    if pinned is not None:
        return pinned
    if record.model is None:
        raise ValueError("no model is pinned and none is trained yet")
    return record.model.version, record.model.artifact


def _refuse_other_service(model_deployment: ModelDeployment, model: ModelRecord) -> None:
    wanted = model_deployment.spec.feature_service
    if model.feature_service != wanted:
        raise LocalError(
            f"model {model.version} was trained on feature service {model.feature_service}, but "
            f"spec.featureService is {wanted}: set it back, or train anew with `--retrain`"
        )


def pinned(model_deployment: ModelDeployment, record: Record) -> ModelDeployment:
    """The ModelDeployment with the model to serve in the place of `latest`."""
    spec = model_deployment.spec
    version = "@".join(served_model(model_deployment, record))
    model = spec.model.model_copy(update={"version": version})
    return model_deployment.model_copy(update={"spec": spec.model_copy(update={"model": model})})
