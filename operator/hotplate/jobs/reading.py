"""The read plan, derived from the applied registry: all that a scoring process must know."""

from __future__ import annotations

from typing import Any

from feast.feature_view import DUMMY_ENTITY_ID
from feast.infra.online_stores.helpers import _mmh3

from hotplate.jobs.errors import JobError
from hotplate.jobs.on_demand import on_demand_plan
from hotplate.online.read_plan import (
    FeaturePlan,
    JoinKey,
    OnDemandPlan,
    ReadPlan,
    ServiceFeature,
    ServicePlan,
    ViewPlan,
)


def read_plan(registry: Any, project: str) -> ReadPlan:
    """Return the read plan of a project in Feast's registry.

    Raises:
        JobError: NotServable, a feature service needs what scoring processes cannot do.

    """
    services = tuple(
        _service(service) for service in _by_name(registry.list_feature_services(project=project))
    )
    views = (
        *registry.list_feature_views(project=project),
        *registry.list_stream_feature_views(project=project),
    )
    served = tuple(view_plan(view) for view in _by_name(views) if _has_entities(view))
    on_demand = _on_demand_plans(registry, project, services)
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


def _on_demand_plans(
    registry: Any, project: str, services: tuple[ServicePlan, ...]
) -> tuple[OnDemandPlan, ...]:
    """Return the on-demand feature views that some feature service serves."""
    wanted = {feature.view for service in services for feature in service.features}
    views = registry.list_on_demand_feature_views(project=project)
    return tuple(on_demand_plan(view) for view in _by_name(views) if view.name in wanted)


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
                f"{feature.view}: give one of them another name",
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
