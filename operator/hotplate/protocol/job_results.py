"""What Jobs return: one model for each Job, which the Job writes and the operator reads.

A result is frozen, camelCase JSON of at most 4,096 bytes, for a termination message. Fields that a
model does not know are ignored, so that Jobs may say more than an operator reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

R = TypeVar("R", bound="Result")

MAX_BYTES = 4096
"""Bytes that a Kubernetes termination message holds."""

_FOR_PERSONS = "summary"
"""The list that says how much of it was left out; the others are read by machines."""

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
"""The hash of an artifact."""

MAX_MESSAGE = 3000
"""Characters of a failure's message; a longer one loses its middle."""


class Result(BaseModel):
    """The base of all results."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    def to_json(self) -> str:
        """Return the result as one line of JSON."""
        return self.model_dump_json(by_alias=True)


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


class PlanFigures(Result):
    """What a plan is of, and what it changes: Feast objects, and a line for each."""

    revision: Digest
    plan_hash: Digest
    create: int
    update: int
    delete: int
    summary: tuple[str, ...]


class PlanResult(PlanFigures):
    """What applying would change; lists lose their ends where they would not fit."""

    result: Literal["Planned"] = "Planned"

    def to_json(self) -> str:
        """Return the result as one line of JSON, of the summary as many lines as fit."""
        return _shortened(self, "summary")


class ServiceResult(Result):
    """A feature service: digits that stand for all it serves, and the views it needs."""

    name: str
    hash: str
    views: tuple[str, ...]


class RegistryState(Result):
    """Feast's registry: its version (an SQL registry's is its last change) and its bytes."""

    version: str
    size: int


class ApplyResult(PlanFigures):
    """What was applied; `read_plan` is the hash of the artifact that scoring processes read.

    `changed_views` hold rows that do not fit their definition until they are materialized again.
    There are `view_count` views, of which `views` names as many as fit; likewise services.
    """

    result: Literal["Applied"] = "Applied"
    read_plan: Digest
    registry: RegistryState | None = None
    view_count: int
    views: tuple[str, ...]
    service_count: int
    services: tuple[ServiceResult, ...]
    changed_views: tuple[str, ...] = ()
    repaired_views: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return the result as one line of JSON; the read plan has what is left out of it."""
        return _shortened(self, "summary", "repaired_views", "changed_views", "services", "views")


class MaterializeResult(Result):
    """The window of a view that is now in the online store; not every engine counts its rows."""

    result: Literal["Materialized"] = "Materialized"
    view: str
    start: datetime
    end: datetime
    rows: int | None
    seconds: float
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


class FailedResult(Result):
    """Why a Job failed; a preflight's has the checks that did not pass."""

    result: Literal["Failed"] = "Failed"
    reason: str = "JobFailed"
    message: str = ""
    checks: tuple[Check, ...] = ()

    @classmethod
    def of(cls, reason: str, message: str) -> FailedResult:
        """Return the failure with its message shortened to what fits."""
        if len(message.encode()) <= MAX_MESSAGE:
            return cls(reason=reason, message=message)
        half = MAX_MESSAGE // 4
        return cls(reason=reason, message=f"{message[:half]} ... {message[-half:]}")


_RESULTS: Mapping[str, type[Result]] = MappingProxyType(
    {
        "preflight": PreflightResult,
        "plan": PlanResult,
        "apply": ApplyResult,
        "materialize": MaterializeResult,
        "train": TrainResult,
        "verify": VerifyResult,
        "teardown": TeardownResult,
    }
)


def parse_result(job: str, document: Mapping[str, Any]) -> Result | None:
    """Return the result of the Job of that name, or None where it is not one that it gives."""
    return _parsed(_RESULTS.get(job), document)


def parse_failure(document: Mapping[str, Any]) -> FailedResult | None:
    """Return the failure that a Job of any name wrote, or None where it wrote none."""
    return _parsed(FailedResult, document) if document.get("result") == "Failed" else None


def _parsed(model: type[R] | None, document: Mapping[str, Any]) -> R | None:
    try:
        return None if model is None else model.model_validate(document)
    except ValidationError:
        return None


def _shortened(result: Result, *lists: str) -> str:
    """Return the JSON with the ends of the lists left out, in that order, until it fits."""
    for name in lists:
        kept = len(whole := getattr(result, name))
        while kept and len(Result.to_json(result).encode()) > MAX_BYTES:
            kept = kept * 3 // 4
            more = (f"... and {len(whole) - kept} more",) if name == _FOR_PERSONS else ()
            result = result.model_copy(update={name: (*whole[:kept], *more)})
    return Result.to_json(result)
