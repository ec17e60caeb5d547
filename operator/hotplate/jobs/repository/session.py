"""Feast's store and registry for one Job; errors of Feast and Redis become a `JobError`."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from feast import FeatureStore as FeastStore
from feast import RepoConfig
from sqlalchemy.exc import SQLAlchemyError

from hotplate.jobs.aws.errors import aws_error
from hotplate.jobs.aws.session import use_aws
from hotplate.jobs.errors import JobError
from hotplate.jobs.registry.functions import keep_functions_closed
from hotplate.jobs.registry.guarded import RegistryConflictError
from hotplate.jobs.registry.sql import sql_registry_lock
from hotplate.jobs.repository import definitions
from hotplate.jobs.repository.online_errors import ONLINE_ERRORS, online_error
from hotplate.jobs.repository.repo_config import connection, repo_settings, sql_registry_url
from hotplate.jobs.workspace import Workspace
from hotplate.protocol.definition_results import RegistryState

logger = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS = 10
"""Attempts at a change of the registry while other writers are faster."""


def open_store(workspace: Workspace) -> Any:
    """Import the definitions, which may create their data, and return Feast's FeatureStore."""
    definitions.load(workspace.definitions, workspace.project)
    return connected(workspace)


def connected(workspace: Workspace) -> Any:
    """Return Feast's FeatureStore for the workspace; paths are relative to the definitions."""
    warnings.filterwarnings("ignore", module="feast")
    logging.getLogger("feast").setLevel(logging.WARNING)
    use_aws(workspace)
    keep_functions_closed()
    config = RepoConfig(**repo_settings(workspace))
    config.repo_path = workspace.definitions.resolve()
    with job_errors(workspace, _registry(workspace)):
        try:
            store = FeastStore(config=config)
            store.registry.refresh(workspace.project)
        except ONLINE_ERRORS:
            raise
        except Exception as error:
            raise aws_error(error) or JobError(
                "RegistryFailed",
                f"the {_registry(workspace)} cannot be read: "
                f"{type(error).__name__}: {message_of(error)}",
            ) from error
    return store


@contextmanager
def job_errors(workspace: Workspace, place: str | None = None) -> Iterator[None]:
    """Turn errors of Redis, the registry's database and AWS into a `JobError` with the fix.

    `place` names what Redis serves in the block, by default the online store.
    """
    where = place or f"online store {connection(workspace).address}"
    try:
        yield
    except ONLINE_ERRORS as error:
        raise online_error(where, error) from error
    except SQLAlchemyError as error:
        raise JobError("RegistryFailed", f"{_registry(workspace)}: {message_of(error)}") from error
    except (BotoCoreError, ClientError, OSError) as error:
        if known := aws_error(error):
            raise known from error
        raise


def message_of(error: Exception) -> str:
    """Return the database's own message: SQLAlchemy adds the statement and all its values."""
    return str(getattr(error, "orig", None) or error).strip()


def _registry(workspace: Workspace) -> str:
    """Return the registry's name in messages; an SQL registry's URL may hold a password."""
    registry = workspace.feature_store.spec.registry
    if registry.s3 is not None:
        return f"registry {registry.s3.path}"
    if registry.file is not None:
        return f"registry {registry.file.path}"
    if registry.sql is not None:
        return "registry of spec.registry.sql"
    return f"registry in the embedded store {workspace.embedded}"


def change_registry(store: Any, change: Callable[[], T]) -> T:
    """Change the registry; if another writer was faster, read it again and retry."""

    def refresh_and_change() -> T:
        store.registry.refresh(store.project)
        return change()

    registry = store.config.registry
    if registry.registry_type == "sql":
        with sql_registry_lock(registry.path, store.project):
            return refresh_and_change()
    return retry_on_conflict(refresh_and_change)


def registry_lock(workspace: Workspace) -> AbstractContextManager[None]:
    """Return the lock of an SQL registry; registries of other kinds refuse a conflicting write."""
    url = sql_registry_url(workspace)
    return nullcontext() if url is None else sql_registry_lock(url, workspace.project)


def registry_state(store: Any) -> RegistryState:
    """Return the registry's version and size, as it is now."""
    store.registry.refresh(store.project)
    registry = store.registry.proto()
    changed = registry.last_updated.ToJsonString()
    return RegistryState(version=registry.version_id or changed, size=registry.ByteSize())


def retry_on_conflict(work: Callable[[], T]) -> T:
    """Do work that reads and writes the registry; retry it if another writer was faster.

    Raises:
        JobError: RegistryConflict, after `ATTEMPTS` times.

    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except RegistryConflictError as error:
            logger.info("%s: attempt %d of %d", error, attempt, ATTEMPTS)
    raise JobError(
        "RegistryConflict",
        f"another writer changed the registry in each of {ATTEMPTS} attempts: run the Job again",
    )
