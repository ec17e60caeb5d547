"""The read plan: all that a scoring process must know of a registry to read its online store.

A Job derives it from Feast's registry once per revision; scoring processes read it as JSON, so
that they need neither the registry nor Feast.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

_SHORT_DIGITS = 16


class ReadPlanError(ValueError):
    """A read plan cannot be read, or does not hold what was asked of it."""


@dataclass(frozen=True, slots=True)
class JoinKey:
    """A join key of an entity; `dtype` is a Feast value type name such as INT64."""

    name: str
    dtype: str


@dataclass(frozen=True, slots=True)
class FeaturePlan:
    """A feature; `field_hex` is its field in the Redis hash, empty for an on-demand feature."""

    name: str
    dtype: str
    field_hex: str = ""


@dataclass(frozen=True, slots=True)
class ViewPlan:
    """A feature view; a `ttl_seconds` of 0 never expires."""

    name: str
    join_keys: tuple[JoinKey, ...]
    features: tuple[FeaturePlan, ...]
    ttl_seconds: int = 0


@dataclass(frozen=True, slots=True)
class OnDemandPlan:
    """An on-demand feature view: the text of a function of one row, a dict in and a dict out."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[FeaturePlan, ...]
    source: str
    function: str


@dataclass(frozen=True, slots=True)
class ServiceFeature:
    """A feature of a feature service, by its view's name (a feature view or an on-demand one)."""

    view: str
    name: str


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """A feature service with its features in the order it serves them."""

    name: str
    features: tuple[ServiceFeature, ...]


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """Views, on-demand views and feature services of one Feast project at one revision."""

    project: str
    views: tuple[ViewPlan, ...]
    on_demand_views: tuple[OnDemandPlan, ...] = ()
    feature_services: tuple[ServicePlan, ...] = ()
    entity_key_serialization_version: int = 3

    def service(self, name: str) -> ServicePlan:
        """Return the feature service of that name, or raise `ReadPlanError` naming the others."""
        for service in self.feature_services:
            if service.name == name:
                return service
        known = ", ".join(service.name for service in self.feature_services) or "none"
        raise ReadPlanError(
            f"feature service {name!r} is not in project {self.project!r}; it has: {known}"
        )

    def for_service(self, name: str) -> ReadPlan:
        """Return the part of the plan that one feature service reads, with no other service.

        On-demand views bring the feature views that their inputs come from.
        """
        service = self.service(name)
        names = {feature.view for feature in service.features}
        on_demand = tuple(view for view in self.on_demand_views if view.name in names)
        inputs = {name for view in on_demand for name in view.inputs}
        views = tuple(
            view
            for view in self.views
            if view.name in names or inputs & {feature.name for feature in view.features}
        )
        return ReadPlan(
            self.project, views, on_demand, (service,), self.entity_key_serialization_version
        )

    def to_json(self) -> bytes:
        """Return the plan as canonical JSON: equal plans have equal bytes."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()

    @property
    def hash(self) -> str:
        """`sha256:` and the hex digest of the canonical JSON."""
        return "sha256:" + hashlib.sha256(self.to_json()).hexdigest()

    @classmethod
    def from_json(cls, data: bytes) -> ReadPlan:
        """Return the plan in that JSON; raise `ReadPlanError` when it is none."""
        try:
            return _plan(json.loads(data))
        except (ValueError, KeyError, TypeError) as error:
            raise ReadPlanError(f"not a read plan: {error!r}") from error


def short_hash(service_hash: str) -> str:
    """Return the first digits of a feature service's hash, as results and status carry it."""
    return service_hash.removeprefix("sha256:")[:_SHORT_DIGITS]


def _plan(raw: dict[str, Any]) -> ReadPlan:
    return ReadPlan(
        project=raw["project"],
        views=tuple(_view(view) for view in raw["views"]),
        on_demand_views=tuple(_on_demand(view) for view in raw["on_demand_views"]),
        feature_services=tuple(_service(service) for service in raw["feature_services"]),
        entity_key_serialization_version=raw["entity_key_serialization_version"],
    )


def _features(raw: list[dict[str, Any]]) -> tuple[FeaturePlan, ...]:
    return tuple(FeaturePlan(**feature) for feature in raw)


def _view(raw: dict[str, Any]) -> ViewPlan:
    join_keys = tuple(JoinKey(**key) for key in raw["join_keys"])
    return ViewPlan(raw["name"], join_keys, _features(raw["features"]), raw["ttl_seconds"])


def _on_demand(raw: dict[str, Any]) -> OnDemandPlan:
    return OnDemandPlan(
        raw["name"],
        tuple(raw["inputs"]),
        _features(raw["outputs"]),
        raw["source"],
        raw["function"],
    )


def _service(raw: dict[str, Any]) -> ServicePlan:
    return ServicePlan(raw["name"], tuple(ServiceFeature(**feature) for feature in raw["features"]))
