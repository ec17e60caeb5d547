"""ElastiCache's side of IAM authentication: tokens are checked with botocore's own signer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY_ID, SECRET_KEY = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
FUTURE_SECONDS = 5


@dataclass
class IamUsers:
    """ElastiCache's side of IAM: who may connect to which cache, and what was tried.

    `clock` is the service's; `passwords` are those of the real ACL users, by their names.
    """

    cache_name: str = "features"
    region: str = "us-east-1"
    serverless: bool = False
    passwords: dict[str, str] = field(default_factory=dict)
    session_token: str | None = None
    clock: Callable[[], float] = time.time
    tokens: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def problem(self, user: str, token: str) -> str | None:
        """Return why a token is refused, or None."""
        parts = urlsplit(f"https://{token}")
        query = dict(parse_qsl(parts.query))
        signature = query.pop("X-Amz-Signature", "")
        scope = query.get("X-Amz-Credential", "").split("/")
        dated = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        age, lifetime = self.clock() - dated.timestamp(), int(query.get("X-Amz-Expires", 0))
        resource = "ServerlessCache" if self.serverless else None
        wanted = [KEY_ID, dated.strftime("%Y%m%d"), self.region, "elasticache", "aws4_request"]
        checks = {
            "cache name": (parts.netloc, parts.path) == (self.cache_name, "/"),
            "action": query.get("Action") == "connect",
            "user": query.get("User") == user,
            "resource type": query.get("ResourceType") == resource,
            "scope": scope == wanted,
            "lifetime": 0 < lifetime <= 900,
            "expired": age <= lifetime,
            "not yet valid": age >= -FUTURE_SECONDS,
            "session token": query.get("X-Amz-Security-Token") == self.session_token,
            "signature": signature == self._signature(token, query),
        }
        return next((name for name, holds in checks.items() if not holds), None)

    def _signature(self, token: str, query: dict[str, str]) -> str:
        own = {name: value for name, value in query.items() if not name.startswith("X-Amz-")}
        host = token.partition("/")[0]
        request = AWSRequest("GET", f"https://{host}/?{urlencode(own)}")
        credentials = Credentials(KEY_ID, SECRET_KEY, self.session_token)
        signer = _Signer(credentials, query, int(query["X-Amz-Expires"]))
        signer.add_auth(request)
        return dict(parse_qsl(urlsplit(request.url).query))["X-Amz-Signature"]

    def translated(self, parts: list[bytes]) -> list[bytes]:
        """Return a command with the login of an IAM user replaced by the real one's, or none."""
        at = login_at(parts)
        if at is None or at + 1 >= len(parts):
            return parts
        user, token = parts[at].decode(), parts[at + 1].decode()
        if user not in self.passwords:
            return parts
        problem = self.problem(user, token)
        (self.tokens if problem is None else self.refusals).append(problem or token)
        real = self.passwords[user] if problem is None else "not the password"
        return [*parts[: at + 1], real.encode(), *parts[at + 2 :]]


class _Signer(SigV4QueryAuth):
    def __init__(self, credentials: Any, query: dict[str, str], expires: int) -> None:
        super().__init__(credentials, "elasticache", query["X-Amz-Credential"].split("/")[2])
        self._expires, self._date = expires, query["X-Amz-Date"]

    def _modify_request_before_signing(self, request: Any) -> None:
        request.context["timestamp"] = self._date
        super()._modify_request_before_signing(request)


def login_at(parts: Sequence[bytes]) -> int | None:
    """Return where a command names the user that logs in."""
    words = [part.upper() for part in parts[:4]]
    if words[0] == b"AUTH" and len(parts) == 3:
        return 1
    return words.index(b"AUTH") + 1 if words[0] == b"HELLO" and b"AUTH" in words else None
