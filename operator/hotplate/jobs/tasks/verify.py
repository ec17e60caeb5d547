"""Check that served features match the offline store, and the model the read plan."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from hotplate.api import ModelDeployment
from hotplate.jobs.errors import JobError
from hotplate.jobs.offline.pull import find_view, first_start, pull_latest, utc
from hotplate.jobs.repository.applied import open_applied
from hotplate.jobs.repository.repo_config import connection
from hotplate.jobs.repository.session import job_errors
from hotplate.jobs.training import golden_rows as golden
from hotplate.jobs.training.model_store import bundle_store, model_artifacts, model_errors
from hotplate.jobs.workspace import Workspace
from hotplate.model.bundle import Bundle
from hotplate.model.feature_contract import check_contract
from hotplate.model.onnx import Model
from hotplate.online.blocking.reader import SyncOnlineReader
from hotplate.online.decode.service_reader import FeatureRow, ViewStatus
from hotplate.online.errors import FeatureValueError, OnlineReadError
from hotplate.protocol.job_results import VerifyResult, ViewCheck
from hotplate.protocol.read_plan import (
    ReadPlan,
    ServiceFeature,
    ServicePlan,
    ViewPlan,
    short_hash,
)

logger = logging.getLogger(__name__)

SAMPLE = 200
"""Entities of each view that are compared."""

_DEADLINE = 10.0
_SERVICE = "verify"
_SHOWN = 5

Row = Mapping[str, Any]


def run(
    workspace: Workspace,
    model_deployment: ModelDeployment | None = None,
    golden_rows: Path | None = None,
) -> VerifyResult:
    """Compare a sample of each view with the offline store, and the model with the read plan.

    With a model only the views that it reads are compared, and golden rows are scored by it.

    Raises:
        JobError: ContractMismatch, ServedDiffers with the first differences, NotMaterialized,
            GoldenRowsDiffer, or a store does not answer.

    """
    store, plan = open_applied(workspace)
    if model_deployment is None:
        return VerifyResult(views=_check_views(workspace, store, plan))
    model = _checked_model(workspace, model_deployment, plan)
    contract = model.contract
    served = plan.for_service(contract.feature_service)
    views = _check_views(workspace, store, served)
    rows = golden.rows_of(golden_rows) if golden_rows is not None else ()
    golden.check(rows, golden.Scoring(model, served, connection(workspace)))
    return VerifyResult(
        views=views,
        contract_hash=contract.hash,
        service_hash=short_hash(contract.service_hash),
        golden_rows=len(rows),
    )


def _check_views(workspace: Workspace, store: Any, plan: ReadPlan) -> tuple[ViewCheck, ...]:
    return tuple(_check_view(workspace, store, plan, view) for view in plan.views)


def _checked_model(
    workspace: Workspace, model_deployment: ModelDeployment, plan: ReadPlan
) -> Model:
    """Return the model if it matches the read plan; raise `JobError`."""
    with model_errors():
        bundle = _bundle(workspace, model_deployment)
        service = model_deployment.spec.feature_service
        check_contract(bundle.tag, bundle.contract, plan, service)
        return Model(bundle.tag, bundle.contract, bundle.onnx)


def _bundle(workspace: Workspace, model_deployment: ModelDeployment) -> Bundle:
    """Return the pinned model, or the one trained last."""
    store = bundle_store(workspace)
    pinned = model_deployment.spec.model.pinned
    if pinned is None:
        return store.open(f"{model_deployment.metadata.name}:latest")
    with job_errors(workspace):
        return store.fetch(*pinned, model_artifacts(workspace, model_deployment))


def _check_view(workspace: Workspace, store: Any, plan: ReadPlan, served: ViewPlan) -> ViewCheck:
    view = find_view(store, served.name)
    watermark = view.most_recent_end_time
    if not view.online or view.batch_source is None:
        return ViewCheck(view=served.name, sampled=0, expired=0)
    if watermark is None:
        raise JobError(
            "NotMaterialized",
            f"feature view {served.name} was never materialized: materialize it first",
        )
    end = utc(watermark)
    rows = _sample(pull_latest(store, view, first_start(view, end), end).to_pylist())
    answers = _read(workspace, plan, served, rows)
    timestamp = view.batch_source.timestamp_field
    found = [
        difference
        for row, answer in zip(rows, answers, strict=True)
        for difference in _differences(served, row, answer, utc(row[timestamp]))
    ]
    if found:
        raise JobError(
            "ServedDiffers",
            f"feature view {served.name}: {len(found)} differences in {len(rows)} sampled "
            f"entities: {'; '.join(found[:_SHOWN])}; materialize the view again from an "
            "earlier start",
        )
    expired = sum(answer.views[served.name].status is ViewStatus.EXPIRED for answer in answers)
    logger.info("%s: %d entities are served as the offline store has them", view.name, len(rows))
    return ViewCheck(view=served.name, sampled=len(rows), expired=expired)


def _sample(rows: Sequence[Row]) -> list[Row]:
    """Return at most `SAMPLE` rows, evenly spread."""
    if len(rows) <= SAMPLE:
        return list(rows)
    return [rows[index] for index in np.linspace(0, len(rows) - 1, SAMPLE).astype(int)]


def _read(
    workspace: Workspace, plan: ReadPlan, view: ViewPlan, rows: Sequence[Row]
) -> list[FeatureRow]:
    features = tuple(ServiceFeature(view.name, feature.name) for feature in view.features)
    one_view = ReadPlan(plan.project, (view,), (), (ServicePlan(_SERVICE, features),))
    keys = [{key.name: row[key.name] for key in view.join_keys} for row in rows]

    try:
        with closing(SyncOnlineReader(one_view, _SERVICE, connection(workspace))) as reader:
            return reader.read(keys, _DEADLINE)
    except FeatureValueError as error:
        raise JobError("ServedDiffers", f"{error}; materialize the view again") from error
    except OnlineReadError as error:
        raise JobError("OnlineStoreUnreachable", str(error)) from error


def _differences(view: ViewPlan, row: Row, answer: FeatureRow, written: datetime) -> list[str]:
    """Return the differences of one entity; a row pushed after the offline store's is none."""
    entity = ", ".join(f"{key.name}={row[key.name]}" for key in view.join_keys)
    read = answer.views[view.name]
    if read.status is ViewStatus.NOT_FOUND or read.event_time is None:
        return [f"{entity} is not found"]
    served = datetime.fromtimestamp(read.event_time, UTC)
    behind = (written - served).total_seconds()
    if behind >= 1:
        return [f"{entity} is served as of {served}, the offline store has {written}"]
    if behind <= -1 or read.status is ViewStatus.EXPIRED:
        return []
    return [
        f"{entity}: {feature.name} is served as {answer.values[feature.name]!r}, the offline "
        f"store has {row[feature.name]!r}"
        for feature in view.features
        if not same(feature.dtype, row[feature.name], answer.values[feature.name])
    ]


def same(dtype: str, offline: Any, served: Any) -> bool:
    """Whether a served value is the offline one in the feature's type; NaN and None are null."""
    if _is_null(offline) or _is_null(served):
        return _is_null(offline) and _is_null(served)
    if dtype.endswith("_LIST"):
        item = dtype.removesuffix("_LIST")
        pairs = zip(offline, served, strict=False)
        return len(offline) == len(served) and all(same(item, *pair) for pair in pairs)
    if dtype == "FLOAT":
        return bool(np.float32(offline) == np.float32(served))
    if dtype == "UNIX_TIMESTAMP":
        return abs(_seconds(offline) - _seconds(served)) < 1
    return bool(offline == served)


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _seconds(moment: Any) -> float:
    return utc(moment).timestamp() if isinstance(moment, datetime) else float(moment)
