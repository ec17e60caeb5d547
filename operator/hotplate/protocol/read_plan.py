"""The read plan: all that a scoring process must know of a registry to read its online store.

A Job derives it from Feast's registry once per revision; scoring processes read it as JSON, so
that they need neither the registry nor Feast.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from typing import Any

_SHORT_DIGITS = 16


class ReadPlanError(ValueError):
    """A read plan cannot be read, or does not hold what was asked of it."""


class ServiceRefusedError(ReadPlanError):
    """A feature service needs what scoring processes cannot do."""


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
class OnDemandInput:
    """A value that a function gets as `name`: a feature of a view.

    Without a view it is the field of the request that has its name.
    """

    name: str
    view: str = ""
    feature: str = ""


@dataclass(frozen=True, slots=True)
class OnDemandPlan:
    """An on-demand feature view: the text of a function of one row, a dict in and a dict out."""

    name: str
    inputs: tuple[OnDemandInput, ...]
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
class RefusedService:
    """A feature service that scoring processes cannot serve, and every reason for it."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """Views, on-demand views and feature services of one Feast project at one revision."""

    project: str
    views: tuple[ViewPlan, ...]
    on_demand_views: tuple[OnDemandPlan, ...] = ()
    feature_services: tuple[ServicePlan, ...] = ()
    entity_key_serialization_version: int = 3
    refused_services: tuple[RefusedService, ...] = ()

    def service(self, name: str) -> ServicePlan:
        """Return the feature service of that name.

        Raises `ServiceRefusedError`, or `ReadPlanError` naming the services that exist.
        """
        for service in self.feature_services:
            if service.name == name:
                return service
        for refused in self.refused_services:
            if refused.name == name:
                raise ServiceRefusedError(
                    f"feature service {name} cannot be served: {refused.reason}"
                )
        known = ", ".join(service.name for service in self.feature_services) or "none"
        raise ReadPlanError(
            f"feature service {name!r} is not in project {self.project!r}; it has: {known}"
        )

    def for_service(self, name: str) -> ReadPlan:
        """Return the part of the plan that one feature service reads, with no other service.

        It has the features that the service serves and those that its on-demand views compute from.
        """
        service = self.service(name)
        served = {(feature.view, feature.name) for feature in service.features}
        names = {view for view, _ in served}
        on_demand = tuple(view for view in self.on_demand_views if view.name in names)
        read = served | {(each.view, each.feature) for view in on_demand for each in view.inputs}
        views = tuple(part for view in self.views if (part := _part(view, read)).features)
        return ReadPlan(
            self.project, views, on_demand, (service,), self.entity_key_serialization_version
        )

    def to_json(self) -> bytes:
        """Return the plan as canonical JSON: equal plans have equal bytes."""
        document = asdict(self)
        if not self.refused_services:
            del document["refused_services"]
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

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
            raise ReadPlanError(
                f"not a read plan of this release, apply the definitions again: {error!r}"
            ) from error


def short_hash(service_hash: str) -> str:
    """Return the first digits of a feature service's hash, as results and status carry it."""
    return service_hash.removeprefix("sha256:")[:_SHORT_DIGITS]


def value_names(plan: ReadPlan) -> dict[tuple[str, str], str]:
    """Return by view and feature the name of its value in a row of the plan's one service.

    It is the feature's name; of features that share one, Feast's full name, `view__feature`.
    """
    (service,) = plan.feature_services
    read = [(view.name, feature.name) for view in plan.views for feature in view.features]
    features = dict.fromkeys(
        [*read, *((feature.view, feature.name) for feature in service.features)]
    )
    short = Counter(name for _, name in features)
    return {
        (view, name): name if short[name] == 1 else full_name(view, name) for view, name in features
    }


def full_name(view: str, feature: str) -> str:
    """Return Feast's full name of a feature."""
    return f"{view}__{feature}"


def _part(view: ViewPlan, read: AbstractSet[tuple[str, str]]) -> ViewPlan:
    """Return the view with those of its features that are read."""
    features = tuple(each for each in view.features if (view.name, each.name) in read)
    return replace(view, features=features)


def _plan(raw: dict[str, Any]) -> ReadPlan:
    return ReadPlan(
        project=raw["project"],
        views=tuple(_view(view) for view in raw["views"]),
        on_demand_views=tuple(_on_demand(view) for view in raw["on_demand_views"]),
        feature_services=tuple(_service(service) for service in raw["feature_services"]),
        entity_key_serialization_version=raw["entity_key_serialization_version"],
        refused_services=tuple(RefusedService(**each) for each in raw.get("refused_services", ())),
    )


def _features(raw: list[dict[str, Any]]) -> tuple[FeaturePlan, ...]:
    return tuple(FeaturePlan(**feature) for feature in raw)


def _view(raw: dict[str, Any]) -> ViewPlan:
    join_keys = tuple(JoinKey(**key) for key in raw["join_keys"])
    return ViewPlan(raw["name"], join_keys, _features(raw["features"]), raw["ttl_seconds"])


def _on_demand(raw: dict[str, Any]) -> OnDemandPlan:
    return OnDemandPlan(
        raw["name"],
        tuple(OnDemandInput(**each) for each in raw["inputs"]),
        _features(raw["outputs"]),
        raw["source"],
        raw["function"],
    )


def _service(raw: dict[str, Any]) -> ServicePlan:
    return ServicePlan(raw["name"], tuple(ServiceFeature(**feature) for feature in raw["features"]))
