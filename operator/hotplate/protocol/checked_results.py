"""What a Job's result must hold for the operator to believe it; more is welcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from pydantic import ValidationError

from hotplate.api.fields.base import Digest, Reported
from hotplate.api.v1alpha1.feature_store_status import PreflightCheck, RegistryStatus
from hotplate.controller.kube.manifest import Manifest


class Checked(Reported):
    """The result of `hotplate job preflight`."""

    checks: tuple[PreflightCheck, ...]


class Planned(Reported):
    """The result of `hotplate job plan`."""

    revision: Digest
    plan_hash: Digest
    create: int
    update: int
    delete: int
    summary: tuple[str, ...]


class ServedService(Reported):
    """A feature service as an apply left it."""

    name: str
    hash: str
    views: tuple[str, ...]


class Applied(Planned):
    """The result of `hotplate job apply`."""

    read_plan: Digest
    views: tuple[str, ...]
    services: tuple[ServedService, ...] = ()
    service_count: int | None = None
    registry: RegistryStatus | None = None


class Materialized(Reported):
    """The result of `hotplate job materialize`."""

    end: datetime
    rows: int | None
    registry: RegistryStatus | None = None


class Trained(Reported):
    """The result of `hotplate job train`."""

    version: str
    artifact: Digest
    contract_hash: Digest
    rows: int
    metrics: dict[str, float]


class Verified(Reported):
    """The result of `hotplate job verify` for a model."""

    contract_hash: Digest
    service_hash: str


class TornDown(Reported):
    """The result of `hotplate job teardown`."""

    keys: int


_MODELS: Mapping[str, type[Reported]] = MappingProxyType(
    {
        "preflight": Checked,
        "plan": Planned,
        "apply": Applied,
        "materialize": Materialized,
        "train": Trained,
        "verify": Verified,
        "teardown": TornDown,
    }
)


def is_result_of(job_name: str, result: Manifest) -> bool:
    """Whether the result is one that this kind of Job gives."""
    model = _MODELS.get(job_name)
    try:
        return model is not None and model.model_validate(result) is not None
    except ValidationError:
        return False
