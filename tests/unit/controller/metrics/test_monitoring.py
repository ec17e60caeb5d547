"""The dashboard and the alerts ask for metrics that the operator or a scoring service exports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry
from promql_parser import AggregateExpr, BinaryExpr, VectorSelector

from hotplate.controller.metrics.operator import Metrics
from hotplate.controller.queue import Queue
from hotplate.serving.metrics import Metrics as ServingMetrics
from support import ROOT
from support.api.resources import feature_store, model_deployment
from unit.controller.metrics.test_metrics import DIGEST, SINCE, condition, run

DASHBOARD = json.loads((ROOT / "charts/hotplate/files/dashboard.json").read_text())
GOLDEN = ROOT / "tests/integration/tool/golden/monitoring.yaml"
OF_THE_TARGET = {"namespace", "service", "instance", "pod"}
"""Labels that Prometheus adds to what it scrapes from a scoring pod or the operator."""


async def nothing(*_: str) -> None:
    """Reconcile nothing."""


def exported() -> dict[str, set[str]]:
    """Return the labels of each sample that the operator and a scoring service export."""
    metrics, serving = Metrics(), CollectorRegistry()
    ServingMetrics("model", ["view"], serving)
    metrics.watch_queue(Queue(nothing, timedelta(hours=1)))
    metrics.record_request("get", "jobs", 200, 0.1)
    metrics._reconciles.labels("FeatureStore").observe(1)
    metrics._errors.labels("FeatureStore").inc()
    times = {"watermark": SINCE.isoformat(), "newestEventTime": SINCE.isoformat()}
    view = {"name": "a", **times, "rows": 1, "lastRun": run("m")}
    promise = {"views": [{"name": "a", "maxStaleness": "1h", "maxDataAge": "1d"}]}
    status = {"plan": {"hash": DIGEST}, "views": [view], "conditions": [condition()]}
    store = feature_store(status=status, materialization=promise)
    metrics.record_status(feature_store(), store.status)
    metrics.record_status(store, store.status)
    training = {"run": run("t"), "version": "m:1", "metrics": {"roc_auc": 0.8}}
    pinned = {"version": "m:1", "artifact": DIGEST}
    deployment = model_deployment(status={"training": training, "model": pinned})
    metrics.record_status(deployment, deployment.status)
    families = [*metrics.registry.collect(), *serving.collect()]
    return {sample.name: set(sample.labels) for each in families for sample in each.samples}


def alerts() -> dict[str, dict[str, Any]]:
    documents = yaml.safe_load_all(GOLDEN.read_text())
    (rules,) = (each for each in documents if each and each["kind"] == "PrometheusRule")
    return {rule["alert"]: rule for group in rules["spec"]["groups"] for rule in group["rules"]}


def panels() -> dict[str, list[str]]:
    return {
        panel["title"]: [target["expr"] for target in panel["targets"]]
        for panel in DASHBOARD["panels"]
        if panel["type"] != "row"
    }


def nodes(expression: str) -> list[Any]:
    """Return all parts of a PromQL expression; raise ValueError where it is none."""
    found: list[Any] = []
    parsed = promql_parser.parse(expression.replace("$namespace", "ml"))
    promql_parser.walk(parsed, lambda node: found.append(node) or True)
    return found


def unknown(expression: str, known: dict[str, set[str]]) -> Iterator[str]:
    """Yield metrics that nothing exports, and labels that none of the expression's metrics has."""
    parts = nodes(expression)
    selected = [part for part in parts if isinstance(part, VectorSelector)]
    labels = OF_THE_TARGET.copy()
    for selector in selected:
        labels |= known.get(selector.name, set())
        if selector.name not in known:
            yield selector.name
        for matcher in selector.matchers.matchers:
            if matcher.name not in known.get(selector.name, set()) | OF_THE_TARGET:
                yield f"{selector.name}{{{matcher.name}}}"
    for part in parts:
        yield from (label for label in _grouped(part) if label not in labels)


def _grouped(part: Any) -> list[str]:
    if isinstance(part, AggregateExpr) and part.modifier is not None:
        return list(part.modifier.labels)
    if isinstance(part, BinaryExpr) and part.modifier is not None and part.modifier.matching:
        return list(part.modifier.matching.labels)
    return []


@pytest.mark.parametrize("title", panels())
def test_a_panel_asks_for_what_is_exported(title: str) -> None:
    known = exported()
    assert [each for expr in panels()[title] for each in unknown(expr, known)] == []


@pytest.mark.parametrize("name", alerts())
def test_an_alert_queries_exported_metrics_and_names_labels_that_it_has(name: str) -> None:
    rule, known = alerts()[name], exported()
    assert list(unknown(rule["expr"], known)) == []
    selected = [part for part in nodes(rule["expr"]) if isinstance(part, VectorSelector)]
    aggregated = [
        set(part.modifier.labels)
        for part in nodes(rule["expr"])
        if isinstance(part, AggregateExpr) and part.modifier is not None
    ]
    has = set.intersection(*aggregated) if aggregated else known[selected[0].name]
    named = re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"]))
    assert set(named) <= has


def test_an_unknown_metric_or_label_would_be_found() -> None:
    known = exported()
    assert list(unknown("rate(hotplate_job_total[5m])", known)) == ["hotplate_job_total"]
    assert list(unknown("hotplate_view_rows{model='a'}", known)) == ["hotplate_view_rows{model}"]
    assert list(unknown("sum by (reason) (hotplate_view_rows)", known)) == ["reason"]


def test_the_dashboard_s_variable_asks_for_what_is_exported() -> None:
    (query,) = (
        each["query"] for each in DASHBOARD["templating"]["list"] if each["name"] == "namespace"
    )
    assert set(re.findall(r"hotplate_\w+", query)) <= set(exported())


def test_every_alert_says_what_to_do() -> None:
    for rule in alerts().values():
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
        assert rule["labels"]["severity"] in ("critical", "warning")
