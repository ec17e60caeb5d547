"""The serving settings: one JSON file, named by the environment variable HOTPLATE_SERVING."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from hotplate.online.connection.config import Connection
from hotplate.online.connection.credentials import Credentials, CredentialSource, IamIdentity
from hotplate.protocol.errors import SettingsError

SETTINGS_VARIABLE = "HOTPLATE_SERVING"

ZONE_VARIABLE = "HOTPLATE_ZONE"
"""The environment variable with the availability zone that the process is in."""

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Seconds = Annotated[float, Field(gt=0, le=60)]


class FailureAction(StrEnum):
    """What to decide on features that are missing or expired."""

    REFER = "Refer"
    REJECT = "Reject"
    DEFAULT = "Default"


class _Settings(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class IamSettings(_Settings):
    """The ElastiCache user with IAM authentication, and the cache."""

    user_id: str
    cache_name: str
    region: str
    serverless: bool = False


class OnlineSettings(_Settings):
    """Where the online store is, and where the login is: never in here.

    The environment variable `password_env` takes the place of the file.
    """

    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    tls: bool = False
    cluster: bool = False
    username: str | None = None
    username_file: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    iam: IamSettings | None = None
    ca_file: Path | None = None
    prefer_replica: bool = False
    reader_endpoint: str | None = Field(default=None, pattern=r"^.+:[0-9]{1,5}$")

    def connection(self, environment: Mapping[str, str]) -> Connection:
        """Return how to connect; raise `SettingsError` when the password is not there."""
        password = environment.get(self.password_env) if self.password_env else None
        if self.password_env and password is None and self.password_file is None:
            raise SettingsError(
                f"online.passwordEnv: the environment variable {self.password_env} is not set"
            )
        return Connection(
            host=self.host,
            port=self.port,
            username=self.username,
            password=password,
            tls=self.tls,
            ca_file=str(self.ca_file) if self.ca_file else None,
            cluster=self.cluster,
            credentials=None if password is not None else self._credentials(),
            prefer_replica=self.prefer_replica,
            zone=environment.get(ZONE_VARIABLE, ""),
            reader=_address(self.reader_endpoint) if self.reader_endpoint else None,
        )

    def _credentials(self) -> Credentials | None:
        if self.iam is not None:
            return CredentialSource(iam=IamIdentity(**self.iam.model_dump())).credentials()
        if self.password_file is None:
            return None
        return CredentialSource(self.password_file, self.username, self.username_file).credentials()


class ModelSettings(_Settings):
    """The model: its tag in BentoML's model store, and the artifact it is imported from."""

    tag: str = Field(pattern=r"^[a-z0-9_.-]+:[a-z0-9_.-]+$")
    artifact: Digest


class LatencySettings(_Settings):
    """The time a decision may take, and the part of it that the feature read may take."""

    budget_seconds: Seconds = 0.010
    feature_deadline_seconds: Seconds = 0.004

    @model_validator(mode="after")
    def _deadline_within_budget(self) -> Self:
        if self.feature_deadline_seconds >= self.budget_seconds:
            raise ValueError("featureDeadlineSeconds must be less than budgetSeconds")
        return self


class FeatureSettings(_Settings):
    """What to decide when a feature is missing, and when a feature view is expired."""

    on_missing: FailureAction = FailureAction.REFER
    on_stale: FailureAction = FailureAction.REFER


class DecisionLogSettings(_Settings):
    """Which share of decisions is logged, where, and whether with the applicant's data."""

    sample_rate: float = Field(default=1.0, ge=0, le=1)
    sink: str = Field(default="stdout", pattern=r"^(stdout|[a-z0-9+.-]+://.+)$")
    personal_data: bool = False


class ServingSettings(_Settings):
    """All that a scoring process needs to know."""

    online: OnlineSettings
    artifacts: str = Field(min_length=1)
    read_plan: Digest
    read_plan_artifacts: str | None = Field(default=None, min_length=1)
    model: ModelSettings
    feature_service: str = Field(min_length=1)
    latency: LatencySettings = LatencySettings()
    features: FeatureSettings = FeatureSettings()
    decision_log: DecisionLogSettings = DecisionLogSettings()


def load_settings(environment: Mapping[str, str]) -> ServingSettings:
    """Return the settings in the file that HOTPLATE_SERVING names; raise `SettingsError`."""
    name = environment.get(SETTINGS_VARIABLE)
    if not name:
        raise SettingsError(f"{SETTINGS_VARIABLE} is not set: it names the serving settings file")
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise SettingsError(f"{SETTINGS_VARIABLE}: cannot read {name}: {error.strerror}") from error
    return parse_settings(data, name)


def parse_settings(data: bytes, name: str) -> ServingSettings:
    """Return the settings in that JSON; `name` is where they come from, for the message."""
    try:
        return ServingSettings.model_validate_json(data)
    except ValidationError as error:
        lines = [_line(name, problem["loc"], problem["msg"]) for problem in error.errors()]
        raise SettingsError("\n".join(lines)) from None


def _address(endpoint: str) -> tuple[str, int]:
    host, _, port = endpoint.rpartition(":")
    return host, int(port)


def _line(name: str, location: tuple[int | str, ...], message: str) -> str:
    field = ".".join(str(part) for part in location)
    return f"{name}: {field}: {message}" if field else f"{name}: {message}"
