"""Answers of AWS that a healthy server never gives: throttled, expired, refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

_SERVICE = re.compile(r"Credential=[^/]+/[0-9]+/[^/]+/(?P<service>[^/]+)/")
_MESSAGES = {
    "ThrottlingException": "Rate exceeded",
    "SlowDown": "Please reduce your request rate.",
    "ExpiredTokenException": "The security token included in the request is expired",
    "ExpiredToken": "The provided token has expired.",
    "AccessDenied": "Access Denied",
    "AuthorizationHeaderMalformed": "the region 'us-east-1' is wrong; expecting 'eu-west-1'",
    "ActiveStatementsExceededException": "Active statements exceeded the allowed quota (500).",
}


@dataclass
class Fault:
    """An error that the next `times` calls of a service are answered with."""

    service: str
    code: str
    status: int
    times: float
    met: int = 0


class Faults:
    """A WSGI middleware in front of every server."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._has_conditions = True

    @contextmanager
    def without_conditional_writes(self) -> Iterator[None]:
        """Have S3 ignore If-Match and If-None-Match, as some stores of its protocol do."""
        self._has_conditions = False
        try:
            yield
        finally:
            self._has_conditions = True

    @contextmanager
    def answering(
        self, service: str, code: str, times: float = float("inf"), status: int = 400
    ) -> Iterator[Fault]:
        """Answer calls of the service with the error; yield the fault, which counts them."""
        fault = Fault(service, code, status, times)
        self._faults.append(fault)
        try:
            yield fault
        finally:
            self._faults.remove(fault)

    def before(self, application: Any) -> Callable[..., Any]:
        """Return the application behind the faults."""

        def answered(environ: Any, start_response: Any) -> Any:
            if not self._has_conditions:
                for name in ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"):
                    environ.pop(name, None)
            found = _SERVICE.search(Request(environ).headers.get("Authorization", ""))
            fault = self._next(found["service"] if found else "")
            respond = application if fault is None else _response(fault)
            return respond(environ, start_response)

        return answered

    def _next(self, service: str) -> Fault | None:
        for fault in self._faults:
            if fault.service == service and fault.met < fault.times:
                fault.met += 1
                return fault
        return None


def _response(fault: Fault) -> Response:
    message = _MESSAGES[fault.code]
    if fault.service == "s3":
        body = f"<Error><Code>{fault.code}</Code><Message>{message}</Message></Error>"
        return Response(body, fault.status, mimetype="application/xml")
    body = json.dumps({"__type": fault.code, "message": message})
    return Response(body, fault.status, mimetype="application/x-amz-json-1.1")
