"""Where the online store is and how to log in to it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

DEFAULT_PORT = 6379


@dataclass(frozen=True)
class Connection:
    """The address of a Redis, Valkey or ElastiCache server, or of any node of a cluster."""

    host: str
    port: int = DEFAULT_PORT
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca_file: str | None = None
    cluster: bool = False
    db: int = 0

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

    def login(self) -> list[tuple[str | bytes, ...]]:
        """Return the commands that make a new connection ready; the last one is a PING."""
        commands: list[tuple[str | bytes, ...]] = []
        if self.password is not None:
            user = () if self.username is None else (self.username,)
            commands.append(("AUTH", *user, self.password))
        if self.db and not self.cluster:
            commands.append(("SELECT", str(self.db)))
        return [*commands, ("PING",)]
