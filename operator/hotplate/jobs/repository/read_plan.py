"""The read plan, derived from Feast's objects: what a scoring process needs of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from feast.feature_view import DUMMY_ENTITY_ID
from feast.infra.online_stores.helpers import _mmh3

from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.on_demand import on_demand_plan
from hotplate.protocol.read_plan import (
    FeaturePlan,
    JoinKey,
    OnDemandPlan,
    ReadPlan,
    ServiceFeature,
    ServicePlan,
    ViewPlan,
)


@dataclass(frozen=True)
class Definitions:
    """What a read plan is derived from: Feast's objects, applied or about to be."""

    views: tuple[Any, ...]
    on_demand_views: tuple[Any, ...]
    feature_services: tuple[Any, ...]

    @classmethod
    def of_repository(cls, contents: Any) -> Definitions:
        """Return those of a repository (Feast's RepoContents) whose types are inferred."""
        return cls(
            (*contents.feature_views, *contents.stream_feature_views),
            tuple(contents.on_demand_feature_views),
            tuple(contents.feature_services),
        )

    @classmethod
    def of_registry(cls, registry: Any, project: str) -> Definitions:
        """Return those of a project in Feast's registry."""
        views = registry.list_feature_views(project=project)
        streams = registry.list_stream_feature_views(project=project)
        return cls(
            (*views, *streams),
            tuple(registry.list_on_demand_feature_views(project=project)),
            tuple(registry.list_feature_services(project=project)),
        )


def read_plan(definitions: Definitions, project: str) -> ReadPlan:
    """Return the read plan of a project.

    Raises:
        JobError: NotServable, a feature service needs what scoring processes cannot do.

    """
    services = tuple(_service(service) for service in _by_name(definitions.feature_services))
    served = tuple(view_plan(view) for view in _by_name(definitions.views) if _has_entities(view))
    wanted = {feature.view for service in services for feature in service.features}
    on_demand = tuple(
        on_demand_plan(view)
        for view in _by_name(definitions.on_demand_views)
        if view.name in wanted
    )
    _refuse_unread(services, served, on_demand)
    return ReadPlan(project, served, on_demand, services)


def _by_name(objects: Any) -> list[Any]:
    return sorted(objects, key=lambda each: str(each.name))


def _has_entities(view: Any) -> bool:
    return DUMMY_ENTITY_ID not in view.join_keys


def view_plan(view: Any) -> ViewPlan:
    """Return a feature view (Feast's FeatureView) as the read plan holds it."""
    join_keys = tuple(
        JoinKey(field.name, field.dtype.to_value_type().name) for field in view.entity_columns
    )
    features = tuple(
        FeaturePlan(
            field.name,
            field.dtype.to_value_type().name,
            _mmh3(f"{view.name}:{field.name}").hex(),
        )
        for field in view.features
    )
    ttl = int(view.ttl.total_seconds()) if view.ttl else 0
    return ViewPlan(view.name, join_keys, features, ttl)


def _service(service: Any) -> ServicePlan:
    for projection in service.feature_view_projections:
        if projection.name_alias or projection.join_key_map:
            raise JobError(
                "NotServable",
                f"feature service {service.name} renames feature view {projection.name} or its "
                "join keys: scoring processes read views under their own names only",
            )
    features = tuple(
        ServiceFeature(projection.name, field.name)
        for projection in service.feature_view_projections
        for field in projection.features
    )
    _refuse_same_names(service.name, features)
    return ServicePlan(service.name, features)


def _refuse_same_names(service: str, features: tuple[ServiceFeature, ...]) -> None:
    seen: dict[str, str] = {}
    for feature in features:
        if feature.name in seen:
            raise JobError(
                "NotServable",
                f"feature service {service} has {feature.name} of {seen[feature.name]} and of "
                f"{feature.view}: rename one of them",
            )
        seen[feature.name] = feature.view


def _refuse_unread(
    services: tuple[ServicePlan, ...],
    views: tuple[ViewPlan, ...],
    on_demand: tuple[OnDemandPlan, ...],
) -> None:
    """Refuse a feature service over a view that no scoring process can read."""
    readable = {view.name for view in views} | {view.name for view in on_demand}
    for service in services:
        for feature in service.features:
            if feature.view not in readable:
                raise JobError(
                    "NotServable",
                    f"feature service {service.name} serves {feature.view}, which has no entity "
                    "or is a label view: scoring processes cannot read it",
                )
