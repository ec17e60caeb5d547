"""Logins to the online store, and credentials that change while a process runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hotplate.online.errors import CredentialsError


@dataclass(frozen=True)
class Login:
    """The arguments of AUTH; without a user, the default user's password or an AUTH token."""

    password: str = field(repr=False)
    username: str | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """The command that logs in."""
        user = () if self.username is None else (self.username,)
        return ("AUTH", *user, self.password)


class Credentials(Protocol):
    """Logins that are renewed; every method may block, and raise `CredentialsError`."""

    def login(self) -> Login:
        """Return the login for a new connection."""

    def renewal(self, login: Login, seconds: float) -> Login | None:
        """Return a new login for a connection that logged in so long ago, None if it needs none."""

    def invalidate(self) -> None:
        """Drop what is cached: the server has refused it."""


@dataclass(frozen=True)
class PasswordFile:
    """A password, and optionally a user, in files that the kubelet replaces with the Secret."""

    path: Path
    username: str | None = None
    username_path: Path | None = None

    def login(self) -> Login:
        """Return the content of the files, without a newline at its end."""
        username = _text(self.username_path) if self.username_path else self.username
        return Login(_text(self.path), username)

    def renewal(self, login: Login, seconds: float) -> Login | None:  # noqa: ARG002 - any age
        """Return the new login when the files have changed."""
        current = self.login()
        return None if current == login else current

    def invalidate(self) -> None:
        """Do nothing: each login reads the files."""


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise CredentialsError(f"the login cannot be read from {path}: {why}") from None
    return text.removesuffix("\n").removesuffix("\r")
