"""IAM authentication of ElastiCache: the password is a presigned request.

The request is `connect` for a user and a cache, valid for 900 s. ElastiCache ends a connection
12 hours after its last login. Only this module loads botocore.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from urllib.parse import urlencode

import botocore.session
from botocore.auth import SIGV4_TIMESTAMP, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError

from hotplate.online.connection.credentials import Login
from hotplate.online.errors import CredentialsError
from hotplate.protocol.iam import IamIdentity

SERVICE = "elasticache"

_HTTPS = "https://"

TOKEN_SECONDS = 900
"""The longest validity that ElastiCache accepts."""

MARGIN_SECONDS = 300
"""How far this machine's clock may be off: a token is backdated by this, and used for as long."""

RENEWAL_SECONDS = 6 * 3600
"""A connection logs in again halfway through its 12 hours."""


def connect_url(identity: IamIdentity) -> str:
    """Return the request that is signed; ElastiCache knows caches by their name in lower case."""
    query = {"Action": "connect", "User": identity.user_id}
    if identity.serverless:
        query["ResourceType"] = "ServerlessCache"
    return f"{_HTTPS}{identity.cache_name.lower()}/?{urlencode(query)}"


class IamToken:
    """Tokens of this process's AWS identity, such as its service account's role."""

    def __init__(self, identity: IamIdentity, clock: Callable[[], float] = time.time) -> None:
        self._identity = identity
        self._clock = clock
        self._session = botocore.session.Session()
        self._lock = Lock()
        self._token: str | None = None
        self._made_at = 0.0

    def __reduce__(self) -> tuple[type[IamToken], tuple[IamIdentity]]:
        """Pickle the identity alone: another process creates its own tokens."""
        return IamToken, (self._identity,)

    def login(self) -> Login:
        """Return user and token; a token is replaced long before it expires."""
        with self._lock:
            now = self._clock()
            if self._token is None or not 0 <= now - self._made_at < MARGIN_SECONDS:
                self._token, self._made_at = self._signed(now), now
            return Login(self._token, self._identity.user_id)

    def renewal(self, login: Login, seconds: float) -> Login | None:  # noqa: ARG002 - by age only
        """Return a login for a connection that is halfway through its 12 hours."""
        return self.login() if seconds > RENEWAL_SECONDS else None

    def invalidate(self) -> None:
        """Drop the token, and the AWS credentials that signed it."""
        with self._lock:
            self._token = None
            self._session = botocore.session.Session()

    def _signed(self, now: float) -> str:
        try:
            credentials = self._session.get_credentials()
            frozen = credentials.get_frozen_credentials() if credentials else None
        except (BotoCoreError, ClientError) as error:
            raise CredentialsError(f"IAM: AWS gives no credentials: {error}") from None
        if frozen is None:
            raise CredentialsError(
                "IAM: no AWS credentials: give the pod's service account a role, by EKS Pod"
                " Identity or IRSA, that may elasticache:Connect"
            )
        request = AWSRequest(method="GET", url=connect_url(self._identity))
        _DatedAuth(frozen, self._identity.region, now - MARGIN_SECONDS).add_auth(request)
        return str(request.url).removeprefix(_HTTPS)


class _DatedAuth(SigV4QueryAuth):  # type: ignore[misc]
    """botocore's signer of presigned requests, with a given date."""

    def __init__(self, credentials: Any, region: str, signed_at: float) -> None:
        super().__init__(credentials, SERVICE, region, expires=TOKEN_SECONDS)
        self._signed_at = datetime.fromtimestamp(signed_at, UTC)

    def _modify_request_before_signing(self, request: Any) -> None:
        request.context["timestamp"] = self._signed_at.strftime(SIGV4_TIMESTAMP)
        super()._modify_request_before_signing(request)
