"""The login to the online store, as the resource and the Job's environment name it.

In a pod the Secret's values are files, so that a rotation reaches a running Job. On a laptop
HOTPLATE_ONLINE_PASSWORD and HOTPLATE_ONLINE_USERNAME replace them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hotplate.api.v1alpha1.online_store import CacheAuth, ElastiCache
from hotplate.jobs.errors import JobError
from hotplate.online.connection.credential_source import CredentialSource
from hotplate.protocol.iam import IamIdentity
from hotplate.protocol.job_environment import (
    ONLINE_PASSWORD,
    ONLINE_PASSWORD_FILE,
    ONLINE_USERNAME,
    ONLINE_USERNAME_FILE,
)


@dataclass(frozen=True)
class OnlineLogin:
    """A user and a password, or the source of logins that change, or neither."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    source: CredentialSource | None = None

    def plugin_settings(self) -> dict[str, Any]:
        """Return the part of the Feast plugin's configuration that names the source."""
        if self.source is None:
            return {}
        if self.source.iam is not None:
            return {"credentials": {"iam": self.source.iam.model_dump()}}
        return {"credentials": _without_none(asdict(self.source))}


def online_login(cache: ElastiCache, environment: Mapping[str, str]) -> OnlineLogin:
    """Return the login; raise `JobError` SecretMissing when the environment lacks it."""
    auth = cache.auth
    if auth is None:
        return OnlineLogin()
    if auth.iam is not None:
        return OnlineLogin(source=CredentialSource(iam=IamIdentity(**auth.iam.model_dump())))
    if environment.get(ONLINE_PASSWORD):
        return OnlineLogin(_username(auth, environment), environment[ONLINE_PASSWORD])
    if not environment.get(ONLINE_PASSWORD_FILE):
        raise JobError(
            "SecretMissing",
            f"the environment variable {ONLINE_PASSWORD} is not set: set it to the value of "
            "spec.onlineStore.elastiCache.auth.passwordSecretRef",
        )
    names_user = auth.username_secret_ref is not None
    user_file = environment.get(ONLINE_USERNAME_FILE) if names_user else None
    return OnlineLogin(
        source=CredentialSource(environment[ONLINE_PASSWORD_FILE], auth.username, user_file)
    )


def _username(auth: CacheAuth, environment: Mapping[str, str]) -> str | None:
    if auth.username_secret_ref is None:
        return auth.username
    if not environment.get(ONLINE_USERNAME):
        raise JobError(
            "SecretMissing",
            f"the environment variable {ONLINE_USERNAME} is not set: set it to the value of "
            "spec.onlineStore.elastiCache.auth.usernameSecretRef",
        )
    return environment[ONLINE_USERNAME]


def _without_none(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}
