"""The Feast projects that share an online store.

A key of Feast's Redis layout ends with its project's name, and Feast's own redis store deletes a
view's keys by that ending: project `prod` would delete the data of `my_prod`. So each store keeps
a list of the projects applied to it, and two of which one ends with the other are refused.
"""

from __future__ import annotations

from typing import Any, cast

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry

from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.repo_config import connection
from hotplate.jobs.workspace import Workplace
from hotplate.online.connection.config import Connection
from hotplate.online.feast.redis_credentials import RedisCredentials

_KEY = "hotplate:projects"

RETRIES = 4
BACKOFF = ExponentialWithJitterBackoff(cap=2, base=0.2)
"""How often a connection is tried again, and after how long."""


def claim_project(workplace: Workplace) -> None:
    """Add the project to the store's list; raise `JobError` ProjectConflict."""
    online = connection(workplace)
    client = client_of(online)
    try:
        client.sadd(_KEY, workplace.project)
        others = {name.decode() for name in cast("set[bytes]", client.smembers(_KEY))}
        conflict = confused_with(workplace.project, others)
        if conflict:
            client.srem(_KEY, workplace.project)
    finally:
        client.close()
    if conflict:
        raise JobError(
            "ProjectConflict",
            f"project {workplace.project} and project {conflict} share online store "
            f"{online.address}, and one name ends with the other: Feast would delete the other's "
            "data; give this project another name or another store",
        )


def release_project(workplace: Workplace) -> None:
    """Take the project off the store's list."""
    client = client_of(connection(workplace))
    try:
        client.srem(_KEY, workplace.project)
    finally:
        client.close()


def confused_with(project: str, others: set[str]) -> str | None:
    """Return a project whose name ends with this one's, or the other way round."""
    return next(
        (
            other
            for other in sorted(others - {project})
            if other.endswith(project) or project.endswith(other)
        ),
        None,
    )


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
