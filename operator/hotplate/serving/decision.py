"""The answers of a scoring service: a decision, its reasons, and the state of its features."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

MAX_ROWS = 1000


class Outcome(StrEnum):
    """The decision; `Refer` hands the request to a person."""

    APPROVE = "Approve"
    REJECT = "Reject"
    REFER = "Refer"


class ReasonCode(StrEnum):
    """The reason in one word, for programs."""

    BELOW_THRESHOLD = "BelowThreshold"
    AT_OR_ABOVE_THRESHOLD = "AtOrAboveThreshold"
    FEATURES_NOT_FOUND = "FeaturesNotFound"
    FEATURES_EXPIRED = "FeaturesExpired"
    FEATURES_TOO_OLD = "FeaturesTooOld"
    FEATURES_OF_THE_FUTURE = "FeaturesOfTheFuture"
    FEATURE_NULL = "FeatureNull"
    FEATURES_UNREADABLE = "FeaturesUnreadable"
    ONLINE_STORE_TIMEOUT = "OnlineStoreTimeout"
    ONLINE_STORE_UNAVAILABLE = "OnlineStoreUnavailable"
    ON_DEMAND_FAILED = "OnDemandFailed"
    MODEL_FAILED = "ModelFailed"


class AnswerStatus(StrEnum):
    """How a feature view answered; `UNAVAILABLE` if the online store did not."""

    PRESENT = "PRESENT"
    NOT_FOUND = "NOT_FOUND"
    EXPIRED = "EXPIRED"
    FUTURE = "FUTURE"
    UNAVAILABLE = "UNAVAILABLE"


class ScoringRequest(BaseModel):
    """The base of a request: strict types, no unknown fields, no values in error messages."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )

    @classmethod
    def example(cls) -> Self:
        """Return the first of the `examples` that the model adds to its JSON schema."""
        extra = cls.model_config["json_schema_extra"]
        return cls.model_validate(extra["examples"][0])  # type: ignore[index]

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema with `example`, as OpenAPI 3.0 has it, in place of `examples`."""
        result = handler(schema)
        resolved = handler.resolve_ref_schema(result)
        if "examples" in resolved:
            resolved["example"] = resolved.pop("examples")[0]
        return result


Request = TypeVar("Request", bound=ScoringRequest)
Rows = Annotated[list[Request], Field(min_length=1, max_length=MAX_ROWS)]
"""The rows of one call: at most `MAX_ROWS`."""


class _Answer(BaseModel):
    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )


class Reason(_Answer):
    """One reason of a decision."""

    code: ReasonCode
    message: str


class ViewAnswer(_Answer):
    """How one feature view answered, and the age of its features."""

    status: AnswerStatus
    age_seconds: float | None = None


class Decision(_Answer):
    """A decision on one request."""

    id: str = Field(description="names this decision in the decision log")
    decision: Outcome
    probability: float | None = Field(
        description="of the target, 0 to 1; null when the model was not asked"
    )
    reasons: list[Reason]
    model_version: str
    feature_service: str
    features: dict[str, ViewAnswer] = Field(description="by feature view")
    milliseconds: float = Field(description="taken inside the service")


class Decisions(_Answer):
    """The decisions on the rows of one call, in order."""

    decisions: list[Decision]


class Explanation(Decision):
    """A decision with the values that it is based on; they may be personal data."""

    values: dict[str, dict[str, Any]] = Field(
        description="by feature view, on-demand feature view, or `request`"
    )
