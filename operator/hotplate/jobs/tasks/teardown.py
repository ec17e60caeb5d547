"""Remove a project's data: its rows in the online store, and its objects in the registry.

Rows are found by their keys alone, so that none stays behind if the registry lost its views. A run
that dies can be repeated. An embedded store is deleted with its pod, and is changed here only if
its URL is given. Models and read plans stay in an artifact store: others may read them by hash.
"""

from __future__ import annotations

import logging
from typing import Any

from hotplate.jobs.errors import JobError
from hotplate.jobs.repository import dropped, rewrites
from hotplate.jobs.repository.projects import client_of, release_project
from hotplate.jobs.repository.repo_config import connection
from hotplate.jobs.repository.session import change_registry, connected, job_errors
from hotplate.jobs.workspace import Workspace
from hotplate.online.feast.deletion import Deleted, ProjectRows, delete_rows
from hotplate.protocol.job_results import TeardownResult

logger = logging.getLogger(__name__)


def run(workspace: Workspace) -> TeardownResult:
    """Remove exactly this project's data.

    Raises:
        JobError: a store does not answer; data deleted before that stay deleted.

    """
    spec, is_given = workspace.feature_store.spec, workspace.embedded_store is not None
    deleted, registered = Deleted(), False
    if spec.online_store.embedded is None or is_given:
        deleted = _delete_online(workspace)
    if spec.registry.embedded is None or is_given:
        registered = _unregister(connected(workspace))
    logger.info("project %s: %d keys deleted", workspace.project, deleted.keys)
    return TeardownResult(project=workspace.project, keys=deleted.keys, registered=registered)


def _delete_online(workspace: Workspace) -> Deleted:
    with job_errors(workspace):
        client = client_of(connection(workspace))
        try:
            deleted = delete_rows(client, ProjectRows(workspace.project))
        finally:
            client.close()
        rewrites.forget(workspace)
        dropped.forget(workspace)
        release_project(workspace)
    return deleted


def _unregister(store: Any) -> bool:
    """Delete the project's objects from the registry; return whether there were any."""

    def delete() -> bool:
        known = [each.name for each in store.registry.list_projects()]
        if store.project not in known:
            return False
        store.registry.delete_project(store.project)
        return True

    try:
        return change_registry(store, delete)
    except JobError:
        raise
    except Exception as error:
        raise JobError(
            "RegistryFailed",
            f"project {store.project} cannot be deleted from the registry:"
            f" {type(error).__name__}: {error}",
        ) from error
