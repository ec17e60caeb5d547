"""The resources of a local run as an API server would keep them: uid, generation and status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from uuid import uuid4

from hotplate.api import FeatureStore, ModelDeployment, Resource
from hotplate.local.errors import LocalError

R = TypeVar("R", FeatureStore, ModelDeployment)


def updated(given: R, kept: R | None, annotations: Mapping[str, str]) -> R:
    """Return the resource of a manifest as an update of the kept one, with these annotations too.

    Its generation rises when its spec changes. One of another name is a new resource.

    Raises:
        LocalError: the update is one that the API server would refuse.
    """
    metadata = given.metadata.model_copy(
        update={"annotations": {**given.metadata.annotations, **annotations}}
    )
    if kept is None or kept.metadata.name != given.metadata.name:
        new = {"uid": str(uuid4()), "generation": 1}
        return _with(given, metadata=metadata.model_copy(update=new), status=_no_status(given))
    _refuse_other_project(given, kept)
    generation = (kept.metadata.generation or 0) + (kept.spec != given.spec)
    same = {"uid": kept.metadata.uid, "generation": generation}
    return _with(given, metadata=metadata.model_copy(update=same), status=kept.status)


def document(resource: Resource) -> str:
    """Return the resource as one line of JSON, without its status: what a Job reads."""
    return resource.model_dump_json(by_alias=True, exclude_none=True, exclude={"status"})


def _with(resource: R, **fields: object) -> R:
    return resource.model_copy(update=fields)


def _no_status(resource: Resource) -> object:
    return type(resource.status)()


def _refuse_other_project(given: Resource, kept: Resource) -> None:
    if not isinstance(given, FeatureStore) or not isinstance(kept, FeatureStore):
        return
    if given.spec.project != kept.spec.project:
        raise LocalError(
            f"FeatureStore {given.metadata.name}: spec.project: {given.spec.project}: expected"
            f" {kept.spec.project}, under which its rows are kept: set it back, or start over with"
            " `hotplate up --fresh`"
        )
