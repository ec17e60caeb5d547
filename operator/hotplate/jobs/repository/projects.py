"""The Feast projects that share an online store.

The store keeps a list of the projects applied to it; two that endanger each other are refused.
"""

from __future__ import annotations

from typing import Any, cast

import redis
from redis.retry import Retry

from hotplate.jobs.errors import JobError
from hotplate.jobs.registry.guarded import BACKOFF, RETRIES
from hotplate.jobs.repository.repo_config import connection
from hotplate.jobs.workspace import Workspace
from hotplate.online.connection.config import Connection
from hotplate.online.feast.redis_credentials import RedisCredentials
from hotplate.protocol.projects import endanger_each_other

_KEY = "hotplate:projects"


def claim_project(workspace: Workspace) -> None:
    """Add the project to the store's list; raise `JobError` ProjectConflict."""
    online = connection(workspace)
    client = client_of(online)
    try:
        client.sadd(_KEY, workspace.project)
        others = {name.decode() for name in cast("set[bytes]", client.smembers(_KEY))}
        conflict = conflicting(workspace.project, others)
        if conflict:
            client.srem(_KEY, workspace.project)
    finally:
        client.close()
    if conflict:
        raise JobError(
            "ProjectConflict",
            f"project {workspace.project} and project {conflict} share online store "
            f"{online.address}, and one name ends with the other: Feast would delete the other's "
            "data; give this project another name or another store",
        )


def release_project(workspace: Workspace) -> None:
    """Remove the project from the store's list."""
    client = client_of(connection(workspace))
    try:
        client.srem(_KEY, workspace.project)
    finally:
        client.close()


def conflicting(project: str, others: set[str]) -> str | None:
    """Return the first project that cannot share an online store with this one, or None."""
    conflicts = (other for other in others - {project} if endanger_each_other(project, other))
    return min(conflicts, default=None)


def client_of(online: Connection) -> Any:
    """Return a redis-py client of the online store."""
    options: dict[str, Any] = {
        "host": online.host,
        "port": online.port,
        **_login(online),
        "ssl": online.tls,
        "socket_timeout": 10,
        "socket_connect_timeout": 10,
        "retry": Retry(BACKOFF, RETRIES),
    }
    if online.ca_file:
        options["ssl_ca_certs"] = online.ca_file
    if online.cluster:
        return redis.RedisCluster(**options)
    return redis.Redis(db=online.db, **options)


def _login(online: Connection) -> dict[str, Any]:
    if online.credentials is not None:
        return {"credential_provider": RedisCredentials(online.credentials)}
    return {"username": online.username, "password": online.password}
