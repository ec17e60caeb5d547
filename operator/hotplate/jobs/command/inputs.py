"""What a Job works on, from the file of the resources and the options."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from hotplate.api import FeatureStore, ModelDeployment, load_manifests
from hotplate.api.v1alpha1 import names
from hotplate.jobs.errors import JobError
from hotplate.jobs.workspace import Workspace
from hotplate.protocol import readers
from hotplate.protocol.readers import Reader

R = TypeVar("R", FeatureStore, ModelDeployment)


def workspace_of(
    file: Path, definitions: Path | None, embedded_store: str | None, **fields: Any
) -> Workspace:
    """Return what a Job works on; raise `JobError` where the file or the definitions lack it.

    `fields` are the other fields of the workspace by their names.
    """
    feature_store = only(file, FeatureStore)
    folder = (definitions or _local_definitions(file, feature_store)).resolve()
    return Workspace(feature_store, folder, embedded_store, **fields)


def readers_of(text: str | None) -> tuple[Reader, ...] | None:
    """Return who reads the online data; raise `JobError` where the text is no list of readers."""
    try:
        return None if text is None else readers.from_json(text)
    except ValueError as error:
        raise JobError("ReadersInvalid", f"{text}: {error}") from error


def _local_definitions(file: Path, feature_store: FeatureStore) -> Path:
    relative = feature_store.metadata.annotations.get(names.LOCAL_DEFINITIONS)
    if relative is None:
        raise JobError(
            "DefinitionsMissing",
            f"{file}: no definitions were given: pass --definitions, or set the annotation "
            f"{names.LOCAL_DEFINITIONS}",
        )
    return file.parent / relative


def only(file: Path, kind: type[R]) -> R:
    """Return the file's resource of that kind; raise `JobError` where it has none or several."""
    found = every(file, kind)
    if len(found) != 1:
        raise JobError(
            "ManifestInvalid", f"{file} holds {len(found)} {kind.__name__} resources: expected one"
        )
    return found[0]


def every(file: Path, kind: type[R]) -> list[R]:
    """Return the file's resources of that kind."""
    return [each for each in load_manifests(file) if isinstance(each, kind)]


def time_of(text: str | None) -> datetime | None:
    """Return the time that the text says in ISO 8601; raise `JobError` where it says none."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise JobError(
            "WindowInvalid", f"{text}: expected a time such as 2026-01-31T00:00Z"
        ) from error


def verified_model(file: Path, version: str | None) -> ModelDeployment:
    """Return the ModelDeployment, of that version of its model where one is given."""
    found = only(file, ModelDeployment)
    return found if version is None else found.of_model(version)
