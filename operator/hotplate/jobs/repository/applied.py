"""The applied definitions: Feast's store, and the read plan of its registry."""

from __future__ import annotations

from typing import Any

from hotplate.jobs.repository import definitions
from hotplate.jobs.repository.read_plan import Definitions, read_plan
from hotplate.jobs.repository.session import connected, job_errors
from hotplate.jobs.workspace import Workspace
from hotplate.protocol.read_plan import ReadPlan


def open_applied(workspace: Workspace) -> tuple[Any, ReadPlan]:
    """Import the definitions, and return Feast's FeatureStore with the read plan of its registry.

    Functions of on-demand views are those of the definitions.
    """
    contents = definitions.load(workspace.definitions, workspace.project)
    store = connected(workspace)
    with job_errors(workspace):
        return store, applied_plan(workspace, store, contents)


def applied_plan(workspace: Workspace, store: Any, contents: Any) -> ReadPlan:
    """Return the read plan of the registry, with the functions of the repository's objects."""
    found = Definitions.of_registry(store.registry, workspace.project, contents)
    return read_plan(found, workspace.project)
