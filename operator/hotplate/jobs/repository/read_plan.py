"""The read plan, derived from Feast's objects: what a scoring process needs of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from feast.feature_view import DUMMY_ENTITY_ID
from feast.infra.online_stores.helpers import _mmh3

from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.on_demand import on_demand_plan
from hotplate.jobs.repository.views import applied_views, defined_views
from hotplate.protocol.read_plan import (
    FeaturePlan,
    JoinKey,
    OnDemandPlan,
    ReadPlan,
    RefusedService,
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
            defined_views(contents),
            tuple(contents.on_demand_feature_views),
            tuple(contents.feature_services),
        )

    @classmethod
    def of_registry(cls, registry: Any, project: str, contents: Any) -> Definitions:
        """Return those of a project in Feast's registry, with the functions of a repository."""
        functions = {
            each.name: each.feature_transformation for each in contents.on_demand_feature_views
        }
        on_demand = tuple(registry.list_on_demand_feature_views(project=project))
        for view in on_demand:
            view.feature_transformation = functions.get(view.name)
        return cls(
            applied_views(registry, project),
            on_demand,
            tuple(registry.list_feature_services(project=project)),
        )


def read_plan(definitions: Definitions, project: str) -> ReadPlan:
    """Return the read plan of a project; it has each feature service as served or as refused."""
    views = _by_name(definitions.views)
    readable = {view.name: view_plan(view) for view in views if _has_entities(view)}
    offline = {view.name for view in views if not view.online}
    on_demand = {view.name: _on_demand(view) for view in _by_name(definitions.on_demand_views)}
    known = _Known(readable, offline, on_demand)
    services: list[ServicePlan] = []
    refused: list[RefusedService] = []
    for service in _by_name(definitions.feature_services):
        reasons = list(dict.fromkeys(known.reasons(service)))
        if reasons:
            refused.append(RefusedService(service.name, "; ".join(reasons)))
        else:
            services.append(_service(service))
    served = {feature.view for service in services for feature in service.features}
    return ReadPlan(
        project,
        tuple(readable.values()),
        tuple(view for view in known.computed if view.name in served),
        tuple(services),
        refused_services=tuple(refused),
    )


def _by_name(objects: Any) -> list[Any]:
    return sorted(objects, key=lambda each: str(each.name))


def _has_entities(view: Any) -> bool:
    return bool({*view.join_keys} - {DUMMY_ENTITY_ID})


def features_of(view: Any) -> list[Any]:
    """Return the features of a view; Feast lists join keys among those of a stream view."""
    keys = {field.name for field in view.entity_columns}
    return [field for field in view.features if field.name not in keys]


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
        for field in features_of(view)
    )
    ttl = int(view.ttl.total_seconds()) if view.ttl else 0
    return ViewPlan(view.name, join_keys, features, ttl)


def _on_demand(view: Any) -> OnDemandPlan | str:
    """Return the view as the read plan holds it, or why it cannot."""
    try:
        return on_demand_plan(view)
    except JobError as error:
        return error.message


@dataclass(frozen=True)
class _Known:
    """What services can name: views with rows, those without online rows, on-demand views."""

    readable: Mapping[str, ViewPlan]
    offline: AbstractSet[str]
    on_demand: Mapping[str, OnDemandPlan | str]

    @property
    def computed(self) -> Iterator[OnDemandPlan]:
        """The on-demand views that scoring processes can compute."""
        return (view for view in self.on_demand.values() if isinstance(view, OnDemandPlan))

    def reasons(self, service: Any) -> Iterator[str]:
        """Yield every reason why nobody can serve the feature service, with what to do."""
        projections = service.feature_view_projections
        for projection in projections:
            if projection.name_alias or projection.join_key_map:
                yield (
                    f"it renames feature view {projection.name} or its join keys: scoring "
                    "processes read views under their own names only"
                )
            if projection.version_tag is not None:
                yield (
                    f"it reads version {projection.version_tag} of {projection.name}: the online "
                    "store has the applied version only"
                )
            yield from self._of_source(projection.name)
        names = [projection.name for projection in projections]
        if not any(self._reads(name) for name in names):
            yield "it reads no feature view: add one"
        yield from (f"it has {name} twice: name it once" for name in _repeated(names))

    def _reads(self, name: str) -> bool:
        view = self.on_demand.get(name)
        if isinstance(view, OnDemandPlan):
            return any(each.view for each in view.inputs)
        return view is not None or name in self.readable

    def _of_source(self, name: str) -> Iterator[str]:
        view = self.on_demand.get(name)
        if isinstance(view, str):
            yield view
        elif view is not None:
            yield from (
                why for each in view.inputs if each.view for why in self._of_view(each.view)
            )
        else:
            yield from self._of_view(name)

    def _of_view(self, name: str) -> Iterator[str]:
        if name not in self.readable:
            yield (
                f"it reads {name}, which has no entity or is a label view: scoring processes "
                "cannot read it"
            )
        elif name in self.offline:
            yield f"it reads feature view {name}, which has online=False: set online=True"


def _repeated(names: list[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def _service(service: Any) -> ServicePlan:
    features = tuple(
        ServiceFeature(projection.name, field.name)
        for projection in service.feature_view_projections
        for field in projection.features
    )
    return ServicePlan(service.name, features)
