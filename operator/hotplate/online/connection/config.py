"""Where the online store is and how to log in to it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import unquote, urlsplit

from hotplate.online.connection.credentials import Credentials, Login, PasswordFile

DEFAULT_PORT = 6379


@dataclass(frozen=True)
class Connection:
    """The address of a Redis, Valkey or ElastiCache server, or of any node of a cluster.

    `credentials` replace user and password where those change with time. With `prefer_replica`,
    readers ask a cluster's replicas, preferably in their `zone`, or a server's `reader` endpoint;
    writers never do.
    """

    host: str
    port: int = DEFAULT_PORT
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca_file: str | None = None
    cluster: bool = False
    db: int = 0
    credentials: Credentials | None = None
    prefer_replica: bool = False
    zone: str = ""
    reader: tuple[str, int] | None = None

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the connection of `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS.

        User and password are percent-encoded in the URL. Raises `ValueError` without the password
        in its message.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss") or not parts.hostname:
            raise ValueError("expected redis://host:port or rediss://host:port")
        database = parts.path.strip("/")
        if database and not database.isdigit():
            raise ValueError(f"expected a database number after the port, not {database!r}")
        return cls(
            host=parts.hostname,
            port=parts.port or DEFAULT_PORT,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=parts.scheme == "rediss",
            db=int(database or 0),
        )

    @property
    def address(self) -> str:
        """`host:port`, for messages."""
        return f"{self.host}:{self.port}"

    def ssl_context(self) -> ssl.SSLContext | None:
        """Return a context that verifies certificate and host name, or None without TLS."""
        return ssl.create_default_context(cafile=self.ca_file) if self.tls else None

    def login(self) -> Login | None:
        """Return the login, None for no authentication; may block. Raises `CredentialsError`."""
        if self.credentials is not None:
            return self.credentials.login()
        return None if self.password is None else Login(self.password, self.username)

    def portable(self) -> Self:
        """Return the connection for another machine, without files of this one.

        IAM tokens are created there, with the AWS identity of that machine.
        """
        if not isinstance(self.credentials, PasswordFile):
            return self
        login = self.credentials.login()
        return replace(self, username=login.username, password=login.password, credentials=None)

    def relogin(self, refused: Login | None) -> Login | None:
        """Return a login other than the one that the server refused, or None."""
        if self.credentials is None:
            return None
        self.credentials.invalidate()
        login = self.credentials.login()
        return None if login == refused else login

    def handshake(self, login: Login | None) -> list[tuple[str | bytes, ...]]:
        """Return the commands that open a new connection; the last one is a PING."""
        commands: list[tuple[str | bytes, ...]] = [] if login is None else [login.command]
        if self.db and not self.cluster:
            commands.append(("SELECT", str(self.db)))
        if self.cluster and self.prefer_replica:
            commands.append(("READONLY",))
        return [*commands, ("PING",)]
