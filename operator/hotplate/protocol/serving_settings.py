"""The serving settings: one JSON file, named by the environment variable HOTPLATE_SERVING."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from hotplate.protocol.errors import SettingsError
from hotplate.protocol.iam import IamIdentity

SETTINGS_VARIABLE = "HOTPLATE_SERVING"

ZONE_VARIABLE = "HOTPLATE_ZONE"
"""The environment variable with the availability zone that the process is in."""

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Seconds = Annotated[float, Field(gt=0)]


class Fallback(StrEnum):
    """The decision where features are missing or expired."""

    REFER = "Refer"
    REJECT = "Reject"
    DEFAULT = "Default"


class _Settings(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class OnlineSettings(_Settings):
    """Where the online store is, and where the login is; the login itself is not in here.

    The environment variable `password_env` takes precedence over the file.
    """

    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    tls: bool = False
    cluster: bool = False
    username: str | None = None
    username_file: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    iam: IamIdentity | None = None
    ca_file: Path | None = None
    prefer_replica: bool = False
    reader_endpoint: str | None = Field(default=None, pattern=r"^.+:[0-9]{1,5}$")


class ModelSettings(_Settings):
    """The model: its tag in BentoML's model store, and the artifact it is imported from."""

    tag: str = Field(pattern=r"^[a-z0-9_.-]+:[a-z0-9_.-]+$")
    artifact: Digest


class LatencySettings(_Settings):
    """The time that a decision may take, and the part of it that the feature read may take."""

    budget_seconds: Seconds = 0.010
    feature_deadline_seconds: Seconds = 0.004

    @model_validator(mode="after")
    def _deadline_within_budget(self) -> Self:
        if self.feature_deadline_seconds >= self.budget_seconds:
            raise ValueError("featureDeadlineSeconds must be less than budgetSeconds")
        return self


class FeatureSettings(_Settings):
    """The fallbacks for a missing feature, and for a row older than its view's ttl or than this."""

    on_missing: Fallback = Fallback.REFER
    on_stale: Fallback = Fallback.REFER
    max_age_seconds: Seconds | None = None


class DecisionLogSettings(_Settings):
    """The share of decisions that is logged, where to, and whether personal data is included."""

    sample_rate: float = Field(default=1.0, ge=0, le=1)
    sink: str = Field(default="stdout", pattern=r"^(stdout|[a-z0-9+.-]+://.+)$")
    personal_data: bool = False


class ServingSettings(_Settings):
    """All that a scoring process needs to know.

    Passwords are not in it: it names the files that hold them, and an environment variable that
    takes the place of a file on a laptop.
    """

    online: OnlineSettings
    artifacts: str | None = Field(min_length=1)
    read_plan: Digest
    read_plan_artifacts: str | None = Field(default=None, min_length=1)
    model: ModelSettings
    feature_service: str = Field(min_length=1)
    latency: LatencySettings = LatencySettings()
    features: FeatureSettings = FeatureSettings()
    decision_log: DecisionLogSettings = DecisionLogSettings()

    def document(self) -> dict[str, Any]:
        """Return the JSON object that `parse_settings` reads, without what was not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


def parse_settings(data: bytes, name: str) -> ServingSettings:
    """Return the settings in that JSON; `name` is where they come from, for the message."""
    try:
        return ServingSettings.model_validate_json(data)
    except ValidationError as error:
        lines = [_line(name, problem["loc"], problem["msg"]) for problem in error.errors()]
        raise SettingsError("\n".join(lines)) from None


def _line(name: str, location: tuple[int | str, ...], message: str) -> str:
    field = ".".join(str(part) for part in location)
    return f"{name}: {field}: {message}" if field else f"{name}: {message}"
