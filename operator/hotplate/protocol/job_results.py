"""What jobs return: frozen, camelCase JSON of at most 4,096 bytes, for a termination message."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

MAX_BYTES = 4096
"""Bytes that a Kubernetes termination message holds."""

_FOR_PERSONS = "summary"
"""The list that says how much of it was left out; the others are read by machines."""

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


class PlanResult(Result):
    """What applying would change; lists lose their ends where they would not fit."""

    result: Literal["Planned"] = "Planned"
    revision: str
    plan_hash: str
    create: int
    update: int
    delete: int
    summary: tuple[str, ...]

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


class ApplyResult(Result):
    """What was applied; `read_plan` is the hash of the artifact that scoring processes read.

    `changed_views` hold rows that do not fit their definition until they are materialized again.
    There are `view_count` views, of which `views` names as many as fit; likewise services.
    """

    result: Literal["Applied"] = "Applied"
    revision: str
    plan_hash: str
    create: int
    update: int
    delete: int
    summary: tuple[str, ...]
    read_plan: str
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
    artifact: str
    contract_hash: str
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
    contract_hash: str | None = None
    service_hash: str | None = None
    golden_rows: int = 0


class TeardownResult(Result):
    """What is gone: rows of the online store; whether the registry had the project."""

    result: Literal["TornDown"] = "TornDown"
    project: str
    keys: int
    registered: bool


class FailedResult(Result):
    """Why a job failed."""

    result: Literal["Failed"] = "Failed"
    reason: str
    message: str

    @classmethod
    def of(cls, reason: str, message: str) -> FailedResult:
        """Return the failure with its message shortened to what fits."""
        if len(message.encode()) <= MAX_MESSAGE:
            return cls(reason=reason, message=message)
        half = MAX_MESSAGE // 4
        return cls(reason=reason, message=f"{message[:half]} ... {message[-half:]}")


def _shortened(result: Result, *lists: str) -> str:
    """Return the JSON with the ends of the lists left out, in that order, until it fits."""
    for name in lists:
        kept = len(whole := getattr(result, name))
        while kept and len(Result.to_json(result).encode()) > MAX_BYTES:
            kept = kept * 3 // 4
            more = (f"... and {len(whole) - kept} more",) if name == _FOR_PERSONS else ()
            result = result.model_copy(update={name: (*whole[:kept], *more)})
    return Result.to_json(result)
