"""Feast's store and registry for one job; what Feast and Redis raise becomes a `JobError`."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from feast import FeatureStore as FeastStore
from feast import RepoConfig

from hotplate.jobs import definitions
from hotplate.jobs.aws_errors import aws_error
from hotplate.jobs.aws_session import use_aws
from hotplate.jobs.config import connection, repo_settings
from hotplate.jobs.errors import JobError
from hotplate.jobs.online_errors import ONLINE_ERRORS, online_error
from hotplate.jobs.registry import RegistryConflictError
from hotplate.jobs.workplace import Workplace

logger = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS = 10
"""Times that a change of the registry is made anew when another writer was faster."""


def open_store(workplace: Workplace) -> Any:
    """Import the definitions, which may make their data, and return Feast's FeatureStore."""
    definitions.load(workplace.definitions, workplace.project)
    return connected(workplace)


def connected(workplace: Workplace) -> Any:
    """Return Feast's FeatureStore for the workplace; paths are relative to the definitions."""
    warnings.filterwarnings("ignore", module="feast")
    logging.getLogger("feast").setLevel(logging.WARNING)
    use_aws(workplace)
    config = RepoConfig(**repo_settings(workplace))
    config.repo_path = workplace.definitions.resolve()
    with translated(workplace, _registry(workplace)):
        try:
            store = FeastStore(config=config)
            store.registry.refresh(workplace.project)
        except ONLINE_ERRORS:
            raise
        except Exception as error:
            raise aws_error(error) or JobError(
                "RegistryFailed",
                f"the {_registry(workplace)} cannot be read: {type(error).__name__}: {error}",
            ) from error
    return store


@contextmanager
def translated(workplace: Workplace, place: str | None = None) -> Iterator[None]:
    """Turn what a Redis raises into a `JobError` that names the place and what to do.

    The place is the online store unless said otherwise.
    """
    where = place or f"online store {connection(workplace).address}"
    try:
        yield
    except ONLINE_ERRORS as error:
        raise online_error(where, error) from error


def _registry(workplace: Workplace) -> str:
    """Return the registry for a message; an SQL registry's URL may hold a password."""
    registry = workplace.feature_store.spec.registry
    if registry.s3 is not None:
        return f"registry {registry.s3.path}"
    if registry.file is not None:
        return f"registry {registry.file.path}"
    if registry.sql is not None:
        return "registry of spec.registry.sql"
    return f"registry in the embedded store {workplace.embedded}"


def change_registry(store: Any, change: Callable[[], T]) -> T:
    """Make a change of the registry; when another writer was faster, read it and try again."""

    def change_what_is_there() -> T:
        store.registry.refresh(store.project)
        return change()

    return until_no_conflict(change_what_is_there)


def until_no_conflict(work: Callable[[], T]) -> T:
    """Do work that reads and writes the registry, anew each time another writer was faster.

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
        f"another writer changed the registry each of {ATTEMPTS} times: run the job again",
    )
