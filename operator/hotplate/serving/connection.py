"""The connection to the online store that the serving settings describe."""

from __future__ import annotations

from collections.abc import Mapping

from hotplate.online.connection.config import Connection
from hotplate.online.connection.credential_source import CredentialSource
from hotplate.online.connection.credentials import Credentials
from hotplate.protocol.errors import SettingsError
from hotplate.protocol.serving_settings import ZONE_VARIABLE, OnlineSettings


def connection(online: OnlineSettings, environment: Mapping[str, str]) -> Connection:
    """Return how to connect; raise `SettingsError` when the password's variable is not set."""
    password = environment.get(online.password_env) if online.password_env else None
    if online.password_env and password is None and online.password_file is None:
        raise SettingsError(
            f"online.passwordEnv: the environment variable {online.password_env} is not set"
        )
    return Connection(
        host=online.host,
        port=online.port,
        username=online.username,
        password=password,
        tls=online.tls,
        ca_file=str(online.ca_file) if online.ca_file else None,
        cluster=online.cluster,
        credentials=None if password is not None else _credentials(online),
        prefer_replica=online.prefer_replica,
        zone=environment.get(ZONE_VARIABLE, ""),
        reader=_address(online.reader_endpoint) if online.reader_endpoint else None,
    )


def _credentials(online: OnlineSettings) -> Credentials | None:
    if online.iam is not None:
        return CredentialSource(iam=online.iam).credentials()
    if online.password_file is None:
        return None
    source = CredentialSource(online.password_file, online.username, online.username_file)
    return source.credentials()


def _address(endpoint: str) -> tuple[str, int]:
    host, _, port = endpoint.rpartition(":")
    return host, int(port)
