"""Metrics of each resource, from its last status; ages are as of the scrape.

Only the samples of a resource are kept, since there may be many resources.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hotplate.api import FeatureStore, ModelDeployment, Resource, ResourceStatus
from hotplate.api.v1alpha1.conditions import Condition, ConditionStatus, ConditionType, Reason
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus
from hotplate.api.v1alpha1.model_deployment_status import ModelDeploymentStatus
from hotplate.controller.resource_key import ResourceKey, resource_key

_WATERMARK = "hotplate_view_watermark_timestamp_seconds"
_STALENESS = "hotplate_view_staleness_seconds"
_NEWEST = "hotplate_view_newest_event_timestamp_seconds"
_DATA_AGE = "hotplate_view_data_age_seconds"
_CONDITIONS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "hotplate_condition": ("1 True, 0 False, -1 Unknown", ("type",)),
        "hotplate_condition_reason": ("Always 1", ("type", "reason")),
        "hotplate_condition_transition_timestamp_seconds": (
            "Time of its last transition",
            ("type",),
        ),
    }
)
_STORES: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        _WATERMARK: ("Materialized up to", ("view",)),
        _STALENESS: ("Age of the watermark", ("view",)),
        _NEWEST: ("Event time of the newest row that was written", ("view",)),
        _DATA_AGE: ("Age of the newest row that was written", ("view",)),
        "hotplate_view_max_data_age_seconds": ("Age that the newest row may have", ("view",)),
        "hotplate_view_max_staleness_seconds": ("Age that the watermark may have", ("view",)),
        "hotplate_view_rows": ("Rows that the last materialization wrote", ("view",)),
        "hotplate_plan_blocked": ("1: the plan waits for approval", ()),
        "hotplate_plan_destructive_changes": ("What the plan takes away", ()),
    }
)
_DEPLOYMENTS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "hotplate_model": ("Always 1; labelled with the pinned model", ("model",)),
        "hotplate_model_metric": ("Score of the model on held-out rows", ("name",)),
    }
)
_AGES = {_WATERMARK: _STALENESS, _NEWEST: _DATA_AGE}
_VALUES = {ConditionStatus.TRUE: 1.0, ConditionStatus.FALSE: 0.0, ConditionStatus.UNKNOWN: -1.0}

Sample = tuple[str, tuple[str, ...], float]
"""A metric's name, the labels besides those of the resource, and the value."""


class ResourceMetrics(Collector):
    """The samples of each resource's last status, by its key, until the resource is gone."""

    def __init__(self) -> None:
        self._kept: dict[ResourceKey, tuple[Sample, ...]] = {}
        self._problems: dict[ResourceKey, tuple[Sample, ...]] = {}

    def keep(self, resource: Resource, status: ResourceStatus) -> None:
        """Keep the samples of a resource's new status."""
        self._kept[resource_key(resource)] = tuple(_samples(resource, status))
        self._problems.pop(resource_key(resource), None)

    def keep_problem(self, key: ResourceKey, ready: Condition) -> None:
        """Keep `Ready` of a resource that is invalid or conflicts with another object."""
        self._problems[key] = tuple(_of_condition(ready))

    def forget(self, key: ResourceKey) -> None:
        """Forget a resource that is gone."""
        self._kept.pop(key, None)
        self._problems.pop(key, None)

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of all resources; the thread that serves them calls this."""
        families = {
            **_families(_CONDITIONS, ("kind", "namespace", "name")),
            **_families(_STORES, ("namespace", "feature_store")),
            **_families(_DEPLOYMENTS, ("namespace", "model_deployment")),
        }
        now = time.time()
        for (kind, *owner), (name, labels, value) in self._all():
            resource = (kind, *owner) if name in _CONDITIONS else owner
            families[name].add_metric([*resource, *labels], value)
            if name in _AGES:
                families[_AGES[name]].add_metric([*resource, *labels], now - value)
        return families.values()

    def _all(self) -> Iterator[tuple[ResourceKey, Sample]]:
        """Yield each sample; a problem's `Ready` replaces that of the status."""
        problems = dict(self._problems)
        for key, samples in list(self._kept.items()):
            for sample in samples:
                if key not in problems or not _is_ready(sample):
                    yield key, sample
        for key, samples in problems.items():
            yield from ((key, sample) for sample in samples)


def _is_ready(sample: Sample) -> bool:
    name, labels, _ = sample
    return name in _CONDITIONS and labels[0] == ConditionType.READY


def _families(
    described: Mapping[str, tuple[str, tuple[str, ...]]], owner: tuple[str, ...]
) -> dict[str, GaugeMetricFamily]:
    return {
        name: GaugeMetricFamily(name, text, labels=[*owner, *labels])
        for name, (text, labels) in described.items()
    }


def _samples(resource: Resource, status: ResourceStatus) -> Iterator[Sample]:
    for condition in status.conditions:
        yield from _of_condition(condition)
    if isinstance(resource, FeatureStore) and isinstance(status, FeatureStoreStatus):
        yield from _of_views(resource, status)
        yield from _of_plan(status)
    if isinstance(resource, ModelDeployment) and isinstance(status, ModelDeploymentStatus):
        yield from _of_model(status)


def _of_condition(condition: Condition) -> Iterator[Sample]:
    label = (sys.intern(str(condition.type)),)
    reason = (*label, sys.intern(str(condition.reason)))
    yield "hotplate_condition", label, _VALUES[condition.status]
    yield "hotplate_condition_reason", reason, 1.0
    since = condition.last_transition_time.timestamp()
    yield "hotplate_condition_transition_timestamp_seconds", label, since


def _of_views(store: FeatureStore, status: FeatureStoreStatus) -> Iterator[Sample]:
    for view in status.views:
        if view.watermark is not None:
            yield _WATERMARK, (view.name,), view.watermark.timestamp()
        if view.newest_event_time is not None:
            yield _NEWEST, (view.name,), view.newest_event_time.timestamp()
        if view.rows is not None:
            yield "hotplate_view_rows", (view.name,), float(view.rows)
    for promised in store.spec.materialization.views:
        if promised.max_staleness is not None:
            seconds = promised.max_staleness.total_seconds()
            yield "hotplate_view_max_staleness_seconds", (promised.name,), seconds
        if promised.max_data_age is not None:
            seconds = promised.max_data_age.total_seconds()
            yield "hotplate_view_max_data_age_seconds", (promised.name,), seconds


def _of_plan(status: FeatureStoreStatus) -> Iterator[Sample]:
    plan = status.plan
    if plan is None:
        return
    is_blocked = any(each.reason == Reason.APPLY_BLOCKED for each in status.conditions)
    yield "hotplate_plan_blocked", (), float(is_blocked)
    yield "hotplate_plan_destructive_changes", (), float(plan.destroys)


def _of_model(status: ModelDeploymentStatus) -> Iterator[Sample]:
    if status.model is not None:
        yield "hotplate_model", (status.model.version,), 1.0
    for name, figure in status.training.metrics.items() if status.training is not None else ():
        yield "hotplate_model_metric", (name,), figure
