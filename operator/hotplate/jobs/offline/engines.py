"""Materialization by a Feast compute engine.

The engine writes through the online store's plugin. Only an engine that reports success moves the
watermark. None reports how many rows it wrote.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from feast import RepoConfig
from feast.infra.common.materialization_job import MaterializationJobStatus, MaterializationTask
from feast.infra.passthrough_provider import PassthroughProvider
from feast.repo_config import get_batch_engine_config_from_type
from pydantic import ValidationError
from tqdm import tqdm

from hotplate.api.v1alpha1.materialization import Engine
from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.repo_config import repo_settings
from hotplate.jobs.workspace import Workspace

logger = logging.getLogger(__name__)

TYPE_FIELD = "spec.materialization.engine.type"
OPTIONS_FIELD = "spec.materialization.engine.options"


@dataclass(frozen=True)
class ViewWindow:
    """A feature view of Feast's store, and the window to materialize."""

    store: Any
    view: Any
    start: datetime
    end: datetime


def write_by_engine(workspace: Workspace, window: ViewWindow) -> None:
    """Let the Feast compute engine of the resource materialize the window.

    Raises:
        JobError: EngineMissing, EngineInvalid, or EngineFailed with the engine's error.

    """
    config = engine_config(workspace)
    task = MaterializationTask(
        project=workspace.project,
        feature_view=window.view,
        start_time=window.start,
        end_time=window.end,
        tqdm_builder=partial(tqdm, disable=True),
    )
    try:
        engine = PassthroughProvider(config).batch_engine
        (job,) = engine.materialize(window.store.registry, task)
    except Exception as error:
        raise _failed(workspace, window, error) from error
    if job.status() != MaterializationJobStatus.SUCCEEDED:
        raise _failed(workspace, window, job.error() or job.status())
    logger.info("%s: written by %s", window.view.name, _type(workspace))


def engine_config(workspace: Workspace) -> RepoConfig:
    """Return Feast's configuration with the resource's engine and its options.

    Raises:
        JobError: EngineMissing, its packages are not installed; EngineInvalid, an option is.

    """
    engine = workspace.feature_store.spec.materialization.engine
    _refuse_options(engine)
    settings = repo_settings(workspace)
    settings["batch_engine"] = {"type": engine.type, **(engine.options or {})}
    settings["materialization"] |= {"pull_latest_features": True}
    config = RepoConfig(**settings)
    config.repo_path = workspace.definitions.resolve()
    return config


def _refuse_options(engine: Engine) -> None:
    options, known = engine.options or {}, _config_class(engine)
    unknown = sorted(set(options) - set(known.model_fields))
    if unknown:
        expected = ", ".join(sorted(set(known.model_fields) - {"type"}))
        raise JobError("EngineInvalid", f"{OPTIONS_FIELD}.{unknown[0]}: expected one of {expected}")
    try:
        known(type=engine.type, **options)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise JobError("EngineInvalid", f"{OPTIONS_FIELD}.{field}: {first['msg']}") from error


def _config_class(engine: Engine) -> Any:
    try:
        return get_batch_engine_config_from_type(engine.type)
    except Exception as error:
        raise JobError(
            "EngineMissing",
            f"{TYPE_FIELD}: {engine.type}: {error}; install its packages in the Jobs' image",
        ) from error


def _failed(workspace: Workspace, window: ViewWindow, error: object) -> JobError:
    cause = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else str(error)
    return JobError(
        "EngineFailed",
        f"feature view {window.view.name}, {TYPE_FIELD} {_type(workspace)}: {cause}; "
        "the watermark is unchanged, and the next run writes the window again",
    )


def _type(workspace: Workspace) -> str:
    return workspace.feature_store.spec.materialization.engine.type
