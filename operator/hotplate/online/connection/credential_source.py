"""Where logins come from, as plain data that configurations hold and other processes are sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hotplate.online.connection.credentials import Credentials, PasswordFile
from hotplate.online.errors import CredentialsError
from hotplate.protocol.iam import IamIdentity


@dataclass(frozen=True)
class CredentialSource:
    """A password file, with a user or the user's file, or an IAM identity."""

    password_file: str | None = None
    username: str | None = None
    username_file: str | None = None
    iam: IamIdentity | None = None

    def credentials(self) -> Credentials:
        """Return the credentials; for IAM this loads botocore. Raises `CredentialsError`."""
        if self.iam is not None:
            from hotplate.online.connection.iam import IamToken  # noqa: PLC0415 - 50 MB that only IAM needs

            return IamToken(self.iam)
        if self.password_file is None:
            raise CredentialsError("the login has neither a password file nor IAM")
        user = Path(self.username_file) if self.username_file else None
        return PasswordFile(Path(self.password_file), self.username, user)
