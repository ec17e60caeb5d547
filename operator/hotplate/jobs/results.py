"""What jobs return: frozen, camelCase JSON of at most 4,096 bytes, for a termination message."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

MAX_BYTES = 4096
"""Bytes that a Kubernetes termination message holds."""

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
    """What applying would change; `summary` is cut short where it would not fit."""

    result: Literal["Planned"] = "Planned"
    revision: str
    plan_hash: str
    create: int
    update: int
    delete: int
    summary: tuple[str, ...]

    def to_json(self) -> str:
        """Return the result as one line of JSON, with as many summary lines as fit."""
        kept = len(self.summary)
        while len((text := self._with(kept)).encode()) > MAX_BYTES:
            kept = kept * 3 // 4
        return text

    def _with(self, kept: int) -> str:
        left_out = len(self.summary) - kept
        more = (f"... and {left_out} more",) if left_out else ()
        shortened = self.model_copy(update={"summary": (*self.summary[:kept], *more)})
        return shortened.model_dump_json(by_alias=True)


class ApplyResult(PlanResult):
    """What was applied; `read_plan` is the hash of the artifact that scoring processes read."""

    result: Literal["Applied"] = "Applied"  # type: ignore[assignment]
    read_plan: str
    views: tuple[str, ...]
    feature_services: tuple[str, ...]
    repaired_views: tuple[str, ...] = ()


class MaterializeResult(Result):
    """The window of a view that is now in the online store."""

    result: Literal["Materialized"] = "Materialized"
    view: str
    start: datetime
    end: datetime
    rows: int
    seconds: float


class TrainResult(Result):
    """A model in the model store: its bento tag, its artifact and what it was trained on."""

    result: Literal["Trained"] = "Trained"
    version: str
    artifact: str
    contract_hash: str
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
