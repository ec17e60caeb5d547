"""What was last reported of each resource, as Prometheus reads it; ages are as of the scrape."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hotplate.api import FeatureStore, ModelDeployment, Resource
from hotplate.api.conditions import Condition, ConditionStatus, ConditionType
from hotplate.controller.ended_runs import Status
from hotplate.controller.triggers import Key

_CONDITION = ["kind", "namespace", "name", "type"]
_STORE = ["namespace", "feature_store"]
_VIEW = [*_STORE, "view"]
_DEPLOYMENT = ["namespace", "model_deployment"]
_VALUES = {ConditionStatus.TRUE: 1, ConditionStatus.FALSE: 0, ConditionStatus.UNKNOWN: -1}


class ResourceMetrics(Collector):
    """The resources as last reported, by their keys; one that is gone is forgotten."""

    def __init__(self) -> None:
        self._kept: dict[Key, Resource] = {}
        self._problems: dict[Key, Condition] = {}

    def keep(self, resource: Resource, status: Status) -> None:
        """Take what is reported of a resource now."""
        self._kept[key_of(resource)] = resource.model_copy(update={"status": status})
        self._problems.pop(key_of(resource), None)

    def keep_problem(self, key: Key, ready: Condition) -> None:
        """Take the `Ready` of a resource that nothing can be decided about."""
        self._problems[key] = ready

    def forget(self, key: Key) -> None:
        """Tell of a resource no more."""
        self._kept.pop(key, None)
        self._problems.pop(key, None)

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of all resources; called from the thread that serves them."""
        kept = list(self._kept.values())
        stores = [each for each in kept if isinstance(each, FeatureStore)]
        deployments = [each for each in kept if isinstance(each, ModelDeployment)]
        yield from _conditions(self._told(kept))
        yield from _views(stores, time.time())
        yield from _plans(stores)
        yield from _models(deployments)

    def _told(self, kept: list[Resource]) -> Iterator[tuple[Key, Condition]]:
        """Yield the conditions of each resource; `Ready` is the problem's, if there is one."""
        problems = dict(self._problems)
        for resource in kept:
            for condition in resource.status.conditions:
                if key_of(resource) not in problems or condition.type != ConditionType.READY:
                    yield key_of(resource), condition
        yield from problems.items()


def _conditions(told: Iterable[tuple[Key, Condition]]) -> Iterator[Metric]:
    value = _gauge("hotplate_condition", "1 True, 0 False, -1 Unknown", _CONDITION)
    reason = _gauge("hotplate_condition_reason", "Always 1", [*_CONDITION, "reason"])
    since = _gauge(
        "hotplate_condition_transition_timestamp_seconds", "When it last flipped", _CONDITION
    )
    for key, condition in told:
        labels = [*key, condition.type]
        value.add_metric(labels, _VALUES[condition.status])
        reason.add_metric([*labels, condition.reason], 1)
        since.add_metric(labels, condition.last_transition_time.timestamp())
    yield from (value, reason, since)


def _views(stores: list[FeatureStore], now: float) -> Iterator[Metric]:
    watermark = _gauge("hotplate_view_watermark_timestamp_seconds", "Materialized up to", _VIEW)
    staleness = _gauge("hotplate_view_staleness_seconds", "Age of the watermark", _VIEW)
    promise = _gauge("hotplate_view_max_staleness_seconds", "Age that it may have", _VIEW)
    rows = _gauge("hotplate_view_rows", "Rows that the last materialization wrote", _VIEW)
    for store in stores:
        for view in store.status.views:
            labels = [*_owner(store), view.name]
            if view.watermark is not None:
                watermark.add_metric(labels, view.watermark.timestamp())
                staleness.add_metric(labels, now - view.watermark.timestamp())
            if view.rows is not None:
                rows.add_metric(labels, view.rows)
        for promised in store.spec.materialization.views:
            if promised.max_staleness is not None:
                seconds = promised.max_staleness.total_seconds()
                promise.add_metric([*_owner(store), promised.name], seconds)
    yield from (watermark, staleness, promise, rows)


def _plans(stores: list[FeatureStore]) -> Iterator[Metric]:
    blocked = _gauge("hotplate_plan_blocked", "1: the plan waits for its approval", _STORE)
    deletions = _gauge("hotplate_plan_deletions", "Feast objects the plan deletes", _STORE)
    for store in stores:
        plan, gate = store.status.plan, store.spec.apply
        if plan is None:
            continue
        is_blocked = plan.delete > gate.max_deletions and gate.approve != plan.hash
        blocked.add_metric(_owner(store), is_blocked and not _is_applied(store))
        deletions.add_metric(_owner(store), plan.delete)
    yield from (blocked, deletions)


def _is_applied(store: FeatureStore) -> bool:
    revision, plan = store.status.revision, store.status.plan
    return revision is not None and plan is not None and revision.plan_hash == plan.hash


def _models(deployments: list[ModelDeployment]) -> Iterator[Metric]:
    model = _gauge("hotplate_model", "Always 1: the model that is pinned", [*_DEPLOYMENT, "model"])
    metric = _gauge(
        "hotplate_model_metric", "What the training scored on held-out rows", [*_DEPLOYMENT, "name"]
    )
    for deployment in deployments:
        pinned, training = deployment.status.model, deployment.status.training
        if pinned is not None:
            model.add_metric([*_owner(deployment), pinned.version], 1)
        for name, figure in training.metrics.items() if training is not None else ():
            metric.add_metric([*_owner(deployment), name], figure)
    yield from (model, metric)


def _gauge(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


def key_of(resource: Resource) -> Key:
    """Return the key of a resource."""
    return resource.kind, resource.metadata.namespace or "", resource.metadata.name


def _owner(resource: Resource) -> list[str]:
    return [resource.metadata.namespace or "", resource.metadata.name]
