"""IAM: moto's own check of signatures and policies, and a record of what was used.

Until it is enforced, anyone may do anything, as in a new moto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import moto.settings
from moto.core.exceptions import ServiceException
from moto.iam.access_control import IAMRequest, IAMRequestBase
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

ACCOUNT = "123456789012"


@dataclass(frozen=True, order=True)
class Use:
    """An action that an identity was allowed."""

    identity: str
    action: str
    resource: str


class DeniedError(Exception):
    """IAM refused: the error's code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


class Access:
    """Who may do what, and what was done while it was enforced."""

    def __init__(self) -> None:
        self.enforced = False
        self.uses: set[Use] = set()

    @contextmanager
    def enforcing(self) -> Iterator[set[Use]]:
        """Check every request's signature and policies; yield what is used meanwhile."""
        uses, permitted = self.uses, IAMRequestBase.check_action_permitted

        def recorded(request: Any, resource: str) -> None:
            permitted(request, resource)
            uses.add(Use(request._access_key.arn, request._action, resource))

        self.enforced = True
        uses.clear()
        with (
            mock.patch.object(moto.settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0),
            mock.patch.object(IAMRequestBase, "check_action_permitted", recorded),
        ):
            try:
                yield uses
            finally:
                self.enforced = False

    @contextmanager
    def unenforced(self) -> Iterator[None]:
        """Let the administrator do something."""
        with mock.patch.object(moto.settings, "INITIAL_NO_AUTH_ACTION_COUNT", float("inf")):
            yield

    def check(self, request: Request, needed: list[tuple[str, str]]) -> None:
        """Refuse a request of the Data API unless every action on its resource is allowed."""
        if not self.enforced:
            return
        try:
            checked = IAMRequest(
                ACCOUNT, request.method, request.path, {}, request.get_data(), request.headers, ""
            )
            checked.check_signature()
        except (ServiceException, HTTPException) as error:
            raise DeniedError(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ) from error
        for action, resource in needed:
            checked._action = action
            try:
                checked.check_action_permitted(resource)
            except (ServiceException, HTTPException) as error:
                raise DeniedError(
                    "AccessDeniedException",
                    f"User: {checked._access_key.arn} is not authorized to perform: {action} on "
                    f"resource: {resource} because no identity-based policy allows the {action} "
                    "action",
                ) from error


def actions(policy: Mapping[str, Any]) -> set[str]:
    """Return every action that the policy names."""
    named = [statement["Action"] for statement in policy["Statement"]]
    return {action for each in named for action in ([each] if isinstance(each, str) else each)}
