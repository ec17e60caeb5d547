"""What Jobs return: one model for each Job, which the Job writes and the operator reads.

A result is one line of camelCase JSON. Fields that a model does not know are ignored, so that Jobs
may say more than an operator reads. A result that does not fit a termination message is stored, and
the Job returns a `StoredResult` in its place (`stored_results`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from hotplate.protocol.definition_results import (
    ApplyResult,
    PlanResult,
    RegistryState,
)
from hotplate.protocol.results import Digest, Result

R = TypeVar("R", bound=Result)

MAX_BYTES = 4096
"""Bytes that a Kubernetes termination message holds."""

MAX_PARTS = 1000
"""Parts that a stored result has at most: about 3 MB, compressed."""

MAX_MESSAGE = 3000
"""Characters of a failure's message that is too long for a termination message."""


class Verdict(StrEnum):
    """Whether a check passed; a warning stops nothing, nor does what the store does not tell."""

    PASSED = "Passed"
    WARNING = "Warning"
    NOT_CHECKED = "NotChecked"
    FAILED = "Failed"


class Check(Result):
    """One check: of which condition it is, a name, and what was found with what to do.

    `reason` is one word in CamelCase for the condition of a check that failed.
    """

    condition: str
    name: str
    verdict: Verdict
    message: str
    reason: str = ""


class PreflightResult(Result):
    """Checks of which none failed."""

    result: Literal["Checked"] = "Checked"
    checks: tuple[Check, ...]


class MaterializeResult(Result):
    """The window of a view that is now in the online store.

    None is what was not counted: not every engine counts, nor does every offline store.
    `newest_event_time` is that of the rows; `null_keys` counts rows skipped for a missing join key,
    `rows_ahead` rows refused because their event time is more than five minutes ahead.
    `rows_in_source` counts all rows of the data source, whatever their event times.
    `kept` is as an apply has it, None if that was not looked at.
    """

    result: Literal["Materialized"] = "Materialized"
    view: str
    start: datetime
    end: datetime
    rows: int | None
    newest_event_time: datetime | None = None
    rows_in_source: int | None = None
    null_keys: int = 0
    rows_ahead: int = 0
    seconds: float
    kept: tuple[str, ...] | None = None
    registry: RegistryState | None = None


class TrainResult(Result):
    """A model in the model store: its bento tag, its artifact and what it was trained on."""

    result: Literal["Trained"] = "Trained"
    version: str
    artifact: Digest
    contract_hash: Digest
    service_hash: str
    feature_service: str
    rows: int
    metrics: dict[str, float]


class ViewCheck(Result):
    """How a sample of a view's entities was served."""

    view: str
    sampled: int
    expired: int


class VerifyResult(Result):
    """Views whose sampled values are served as the offline store has them."""

    result: Literal["Verified"] = "Verified"
    views: tuple[ViewCheck, ...]
    contract_hash: Digest | None = None
    service_hash: str | None = None
    golden_rows: int = 0


class TeardownResult(Result):
    """What is gone: rows of the online store; whether the registry had the project."""

    result: Literal["TornDown"] = "TornDown"
    project: str
    keys: int
    registered: bool


class StoredResult(Result):
    """Where a result is that does not fit a termination message: an artifact, read in parts."""

    result: Literal["Stored"] = "Stored"
    digest: Digest
    parts: Annotated[int, Field(ge=1, le=MAX_PARTS)]


class ResultPart(Result):
    """One part of a stored result: base 85 of its bytes; the first part is number 0."""

    result: Literal["Part"] = "Part"
    digest: Digest
    number: int
    text: str


class CommitResult(Result):
    """The commit of the definitions in Git, which a ref stands for or which is checked out."""

    result: Literal["Resolved"] = "Resolved"
    commit: str = Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")


class FailedResult(Result):
    """Why a Job failed; a preflight's has the checks that did not pass."""

    result: Literal["Failed"] = "Failed"
    reason: str = "JobFailed"
    message: str = ""
    checks: tuple[Check, ...] = ()

    @classmethod
    def of(cls, reason: str, message: str) -> FailedResult:
        """Return the failure; the middle of its message is left out until it fits."""
        result, half = cls(reason=reason, message=message), MAX_MESSAGE // 2
        while len(result.to_json().encode()) > MAX_BYTES:
            result = cls(reason=reason, message=f"{message[:half]} ... {message[-half:]}")
            half = half * 3 // 4
        return result


_RESULTS: Mapping[str, type[Result]] = MappingProxyType(
    {
        "resolve": CommitResult,
        "checkout": CommitResult,
        "preflight": PreflightResult,
        "plan": PlanResult,
        "apply": ApplyResult,
        "materialize": MaterializeResult,
        "train": TrainResult,
        "verify": VerifyResult,
        "teardown": TeardownResult,
        "result": ResultPart,
    }
)


def parse_result(job: str, document: Mapping[str, Any]) -> Result | None:
    """Return the result of the Job of that name, or None where it is not one that it gives.

    A part of a stored result is never stored itself.
    """
    if job in _RESULTS and job != "result" and document.get("result") == "Stored":
        return _parsed(StoredResult, document)
    return _parsed(_RESULTS.get(job), document)


def parse_failure(document: Mapping[str, Any]) -> FailedResult | None:
    """Return the failure that a Job of any name wrote, or None where it wrote none."""
    return _parsed(FailedResult, document) if document.get("result") == "Failed" else None


def _parsed(model: type[R] | None, document: Mapping[str, Any]) -> R | None:
    try:
        return None if model is None else model.model_validate(document)
    except ValidationError:
        return None
