"""The clusters and workgroups there are, and who may connect to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.secretsmanager.models import secretsmanager_backends

from support.aws.access import ACCOUNT

REGION = "us-east-1"
NOT_THERE = "Redshift endpoint doesn't exist in this region."


class InvalidError(Exception):
    """What the API answers with a ValidationException."""


@dataclass(frozen=True)
class Endpoint:
    """A provisioned cluster, or a Serverless workgroup."""

    name: str
    serverless: bool = False
    users: tuple[str, ...] = ("hotplate",)

    @property
    def arn(self) -> str:
        """The ARN that policies name."""
        if self.serverless:
            return f"arn:aws:redshift-serverless:{REGION}:{ACCOUNT}:workgroup/{self.name}"
        return f"arn:aws:redshift:{REGION}:{ACCOUNT}:cluster:{self.name}"


@dataclass(frozen=True)
class Connection:
    """Who connects to what; `needed` are the IAM actions beyond the API's own."""

    endpoint: Endpoint
    user: str
    database: str
    needed: tuple[tuple[str, str], ...]


ENDPOINTS = (Endpoint("features"), Endpoint("features", serverless=True))


def connection(asked: dict[str, Any], region: str) -> Connection:
    """Return the connection that a request's parameters ask for; raise `InvalidError`."""
    cluster, workgroup = asked.get("ClusterIdentifier"), asked.get("WorkgroupName")
    if (cluster is None) == (workgroup is None):
        raise InvalidError("Exactly one of ClusterIdentifier and WorkgroupName must be specified.")
    endpoint = _endpoint(cluster or workgroup, workgroup is not None, region)
    if secret := asked.get("SecretArn"):
        if "DbUser" in asked:
            raise InvalidError("DbUser and SecretArn cannot be specified together.")
        user, needed = _user(secret), ("secretsmanager:GetSecretValue", secret)
    elif endpoint.serverless:
        if "DbUser" in asked:
            raise InvalidError("DbUser is not supported for a serverless workgroup.")
        user, needed = endpoint.users[0], ("redshift-serverless:GetCredentials", endpoint.arn)
    else:
        user = asked.get("DbUser", "")
        database_user = f"arn:aws:redshift:{REGION}:{ACCOUNT}:dbuser:{endpoint.name}/{user}"
        needed = ("redshift:GetClusterCredentials", database_user)
    if "Database" not in asked:
        raise InvalidError("Database must be specified.")
    return Connection(endpoint, user, asked["Database"], (needed,))


def _endpoint(name: Any, serverless: bool, region: str) -> Endpoint:
    found = [e for e in ENDPOINTS if (e.name, e.serverless) == (name, serverless)]
    if not found or region != REGION:
        raise InvalidError(NOT_THERE)
    return found[0]


def _user(secret: str) -> str:
    backend = secretsmanager_backends[ACCOUNT][REGION]
    try:
        value = backend.get_secret_value(secret, "", "")["SecretString"]
    except ServiceException as error:
        raise InvalidError("Secrets Manager can't find the specified secret.") from error
    return str(json.loads(value)["username"])
