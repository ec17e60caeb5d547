"""The record of a local run: what was done, so that the next run need not do it again."""

from __future__ import annotations

import hashlib
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class RevisionRecord(_Part):
    """The definitions that were applied, with the store settings they were applied to."""

    revision: str
    settings: str
    read_plan: str
    plan_hash: str
    views: tuple[str, ...]


class ViewRecord(_Part):
    """A feature view's last materialization."""

    watermark: datetime
    rows: int | None
    seconds: float


class ModelRecord(_Part):
    """The model in the model store, and the training that made it."""

    version: str
    artifact: str
    contract_hash: str
    feature_service: str
    metrics: dict[str, float]
    trained_at: datetime


class Record(_Part):
    """What earlier runs on a state folder did."""

    applied: RevisionRecord | None = None
    views: dict[str, ViewRecord] = {}
    model: ModelRecord | None = None
    verified: str | None = None

    @property
    def to_verify(self) -> str:
        """A hash of all that a verification is about; equal to `verified` once it was done."""
        return hashlib.sha256(self.model_dump_json(exclude={"verified"}).encode()).hexdigest()
