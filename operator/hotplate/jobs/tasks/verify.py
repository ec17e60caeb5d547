"""Check that features are served as training reads them, and the model fits the read plan."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from hotplate.api import ModelDeployment
from hotplate.jobs.errors import JobError
from hotplate.jobs.offline.history import Asked, history
from hotplate.jobs.offline.pull import find_view, first_start, utc
from hotplate.jobs.offline.sample import sample
from hotplate.jobs.repository.applied import open_applied
from hotplate.jobs.repository.repo_config import connection
from hotplate.jobs.repository.session import job_errors
from hotplate.jobs.training import golden_rows as golden
from hotplate.jobs.training.model_store import bundle_store, model_artifacts, model_errors
from hotplate.jobs.workspace import Workspace
from hotplate.model.bundle import Bundle
from hotplate.model.feature_contract import check_contract
from hotplate.model.onnx import Model
from hotplate.online.aio.reader import OnlineReader
from hotplate.online.decode.service_reader import FeatureRow, ViewStatus
from hotplate.online.errors import FeatureValueError, OnlineReadError
from hotplate.online.layout.timestamps import MOST_AHEAD_SECONDS
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

Values: TypeAlias = dict[str, list[Any]]


def run(
    workspace: Workspace,
    model_deployment: ModelDeployment | None = None,
    golden_rows: Path | None = None,
) -> VerifyResult:
    """Compare what is served with what training reads, and the model with the read plan.

    A sample of each view is read as scoring processes read it. With a model only the views that it
    reads are compared, and golden rows are scored by it.

    Raises:
        JobError: ContractMismatch, ServedDiffers with the first differences, NotMaterialized,
            NothingToVerify, GoldenRowsDiffer, or a store does not answer.

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
    """Check the views that are served; one that is not online is none of them."""
    served = [(find_view(store, view.name), view) for view in plan.views]
    return tuple(
        _check_view(workspace, store, plan, view)
        for feast_view, view in served
        if feast_view.online
    )


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
    end = _watermark(view)
    asked = sample(store, view, (first_start(view, end), end), SAMPLE)
    if not len(asked.times):
        raise JobError(
            "NothingToVerify",
            f"feature view {served.name}: its data source has no row with join keys up to "
            f"{end.isoformat()}{' within its ttl' if view.ttl else ''}, so that nothing shows that "
            "it is served: write rows, or lengthen the ttl",
        )
    trained = history(store, served, asked)
    answers = _read(workspace, plan, served, asked)
    found = [
        difference
        for place, answer in enumerate(answers)
        for difference in _differences(served, asked, trained, place, answer)
    ]
    if found:
        raise JobError(
            "ServedDiffers",
            f"feature view {served.name}: {len(found)} differences in {len(answers)} sampled "
            f"entities: {'; '.join(found[:_SHOWN])}; materialize the view again from an "
            "earlier start",
        )
    expired = sum(answer.views[served.name].status is ViewStatus.EXPIRED for answer in answers)
    logger.info("%s: %d entities are served as training reads them", view.name, len(answers))
    return ViewCheck(view=served.name, sampled=len(answers), expired=expired)


def _watermark(view: Any) -> datetime:
    if view.batch_source is None:
        raise JobError(
            "NothingToVerify",
            f"feature view {view.name} has no batch source: it cannot be compared; give it one",
        )
    if view.most_recent_end_time is None:
        raise JobError(
            "NotMaterialized",
            f"feature view {view.name} was never materialized: materialize it first",
        )
    return utc(view.most_recent_end_time)


def _read(workspace: Workspace, plan: ReadPlan, view: ViewPlan, asked: Asked) -> list[FeatureRow]:
    """Return what a scoring process reads of the entities, by its reader."""
    features = tuple(ServiceFeature(view.name, feature.name) for feature in view.features)
    one_view = ReadPlan(plan.project, (view,), (), (ServicePlan(_SERVICE, features),))
    names = [*asked.keys]
    keys = [dict(zip(names, row, strict=True)) for row in zip(*asked.keys.values(), strict=True)]

    async def read() -> list[FeatureRow]:
        reader = OnlineReader(one_view, _SERVICE, connection(workspace))
        try:
            return await reader.read(keys, _DEADLINE)
        finally:
            await reader.close()

    try:
        return asyncio.run(read())
    except FeatureValueError as error:
        raise JobError("ServedDiffers", f"{error}; materialize the view again") from error
    except OnlineReadError as error:
        raise JobError("OnlineStoreUnreachable", str(error)) from error


def _differences(
    view: ViewPlan, asked: Asked, trained: Values, place: int, answer: FeatureRow
) -> list[str]:
    """Return the differences of one entity; a row pushed after the offline store's is none."""
    entity = ", ".join(f"{name}={values[place]}" for name, values in asked.keys.items())
    read, written = answer.views[view.name], int(asked.times[place]) / 1_000_000
    if read.status is ViewStatus.NOT_FOUND or read.event_time is None:
        return [f"{entity} is not found"]
    if written - read.event_time >= 1 or read.event_time > time.time() + MOST_AHEAD_SECONDS:
        served, stored = (_moment(each) for each in (read.event_time, written))
        return [f"{entity} is served as of {served}, the offline store has {stored}"]
    if read.event_time - written >= 1 or read.status is ViewStatus.EXPIRED:
        return []
    return [
        f"{entity}: {feature.name} is served as {answer.values[feature.name]!r}, the offline "
        f"store has {trained[feature.name][place]!r}"
        for feature in view.features
        if not same(trained[feature.name][place], answer.values[feature.name])
    ]


def same(trained: Any, served: Any) -> bool:
    """Whether a served value is the one that training reads; NaN is NaN."""
    return bool(trained == served) or repr(trained) == repr(served)


def _moment(seconds: float) -> str:
    """Return the time; one that no calendar has is told by its seconds."""
    try:
        return str(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, OSError, ValueError):
        return f"{seconds:.0f} seconds after 1970"
