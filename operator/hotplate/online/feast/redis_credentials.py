"""Credentials for redis-py, which requests them for each connection."""

from __future__ import annotations

from redis.credentials import CredentialProvider

from hotplate.online.connection.credentials import Credentials


class RedisCredentials(CredentialProvider):
    """Returns the current login to redis-py."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """Return a password, or a user and a password; raise `CredentialsError`."""
        login = self._credentials.login()
        if login.username is None:
            return (login.password,)
        return (login.username, login.password)
