"""What Prometheus reads of the operator."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import generate_latest

from hotplate.api.v1alpha1.conditions import Condition
from hotplate.controller.metrics.jobs import ended_runs
from hotplate.controller.metrics.operator import Metrics
from hotplate.controller.queue import GoneError, Queue
from hotplate.controller.resource_key import ResourceKey
from support.api.resources import feature_store, model_deployment

SINCE = datetime(2026, 11, 24, tzinfo=UTC)
DIGEST = "sha256:" + "0a" * 32
OTHER = "sha256:" + "0b" * 32
KEY = ResourceKey("FeatureStore", "ml", "credit-scoring")
STORE = '{feature_store="credit-scoring",namespace="ml"}'


def run(job: str, result: str = "Succeeded", seconds: int = 60) -> dict[str, object]:
    finished = SINCE + timedelta(seconds=seconds)
    times = {"startedAt": SINCE.isoformat(), "finishedAt": finished.isoformat()}
    return {"job": job, "result": result, **({} if result == "Running" else times)}


def condition(status: str = "False", reason: str = "JobFailed") -> dict[str, object]:
    return {
        "type": "Ready",
        "status": status,
        "reason": reason,
        "lastTransitionTime": SINCE.isoformat(),
    }


def lines(metrics: Metrics) -> dict[str, float]:
    """Return each sample's value by its name with labels."""
    text = generate_latest(metrics.registry).decode()
    pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def test_a_view_s_age_is_that_of_the_scrape_and_its_promise_is_beside_it() -> None:
    metrics = Metrics()
    view = {"name": "a", "watermark": SINCE.isoformat(), "rows": 1200}
    store = feature_store(
        status={"views": [view]}, materialization={"views": [{"name": "a", "maxStaleness": "1h"}]}
    )

    metrics.record_status(store, store.status)

    found, labels = lines(metrics), '{feature_store="credit-scoring",namespace="ml",view="a"}'
    assert found["hotplate_view_watermark_timestamp_seconds" + labels] == SINCE.timestamp()
    age = datetime.now(UTC).timestamp() - SINCE.timestamp()
    assert found["hotplate_view_staleness_seconds" + labels] == pytest.approx(age, abs=60)
    assert found["hotplate_view_max_staleness_seconds" + labels] == 3600
    assert found["hotplate_view_rows" + labels] == 1200


def test_a_condition_is_exported_with_value_reason_and_transition_time() -> None:
    metrics = Metrics()
    store = feature_store(status={"conditions": [condition()]})

    metrics.record_status(store, store.status)

    found = lines(metrics)
    labels = 'kind="FeatureStore",name="credit-scoring",namespace="ml"'
    assert found[f'hotplate_condition{{{labels},type="Ready"}}'] == 0
    assert found[f'hotplate_condition_reason{{{labels},reason="JobFailed",type="Ready"}}'] == 1
    since = f'hotplate_condition_transition_timestamp_seconds{{{labels},type="Ready"}}'
    assert found[since] == SINCE.timestamp()


def test_an_unreadable_spec_is_exported_and_the_views_still_are() -> None:
    metrics = Metrics()
    view = {"name": "Ready", "watermark": SINCE.isoformat(), "rows": 7}
    store = feature_store(status={"views": [view], "conditions": [condition("True", "Ready")]})
    metrics.record_status(store, store.status)

    problem = Condition.model_validate(condition(reason="InvalidSpec"))
    metrics.resources.keep_problem(KEY, problem)

    text = "\n".join(lines(metrics))
    assert 'reason="InvalidSpec"' in text
    assert 'reason="Ready"' not in text
    assert "hotplate_view_rows{" in text


@pytest.mark.parametrize(("reason", "blocked"), [("ApplyBlocked", 1), ("Succeeded", 0)])
def test_a_plan_is_blocked_while_its_condition_says_so(reason: str, blocked: int) -> None:
    metrics = Metrics()
    applied = condition(reason=reason) | {"type": "Applied"}
    status = {"plan": {"hash": DIGEST, "delete": 3}, "conditions": [applied]}
    store = feature_store(status=status)

    metrics.record_status(store, store.status)

    found = lines(metrics)
    assert found["hotplate_plan_blocked" + STORE] == blocked
    assert found["hotplate_plan_destructive_changes" + STORE] == 3


def test_a_resource_that_is_gone_is_no_longer_exported() -> None:
    metrics = Metrics()
    store = feature_store(status={"conditions": [condition()]})
    metrics.record_status(store, store.status)

    metrics.resources.forget(KEY)

    assert "credit-scoring" not in "\n".join(lines(metrics))


def test_the_end_of_a_job_is_counted_once() -> None:
    metrics = Metrics()
    before = feature_store(status={"planRun": run("p", "Running")})
    after = feature_store(
        status={
            "planRun": run("p"),
            "views": [{"name": "a", "lastRun": run("m", "OOMKilled", seconds=90)}],
        }
    )

    metrics.record_status(before, after.status)
    metrics.record_status(after, after.status)

    found = lines(metrics)
    assert found['hotplate_jobs_total{job="plan",result="Succeeded"}'] == 1
    assert found['hotplate_jobs_total{job="materialize",result="OOMKilled"}'] == 1
    assert found['hotplate_job_seconds_sum{job="materialize"}'] == 90


def test_trainings_and_backfills_are_jobs_of_their_own_kind() -> None:
    none = feature_store()
    backfill = {"name": "b", "done": 1, "total": 2, "lastRun": run("chunk")}
    trained = model_deployment(status={"training": {"run": run("t")}})

    (chunk,) = ended_runs(none.status, feature_store(status={"backfills": [backfill]}).status)
    (training,) = ended_runs(model_deployment().status, trained.status)

    assert (chunk.job, training.job) == ("backfill", "train")


def test_a_model_is_exported_with_its_scores() -> None:
    metrics = Metrics()
    training = {"run": run("t"), "version": "scoring:abc", "metrics": {"roc_auc": 0.81}}
    pinned = {"version": "scoring:abc", "artifact": DIGEST}
    deployment = model_deployment(status={"training": training, "model": pinned})

    metrics.record_status(deployment, deployment.status)

    found = lines(metrics)
    labels = 'model_deployment="credit-scoring"'
    labels = f'{{{labels},name="roc_auc",namespace="ml"}}'
    assert found["hotplate_model_metric" + labels] == 0.81


async def test_reconciles_are_timed_and_those_that_raise_are_counted() -> None:
    metrics = Metrics()

    async def reconcile(_kind: str, _namespace: str, name: str) -> None:
        if name == "gone":
            raise GoneError(name)
        raise ValueError(name)

    for name, error in (("gone", GoneError), ("broken", ValueError)):
        with pytest.raises(error):
            await metrics.measured(reconcile, "FeatureStore", "ml", name)

    found = lines(metrics)
    assert found['hotplate_reconcile_seconds_count{kind="FeatureStore"}'] == 2
    assert found['hotplate_reconcile_errors_total{kind="FeatureStore"}'] == 1
    assert found["hotplate_reconciles_running"] == 0


async def test_the_queue_reports_who_waits_and_who_fails() -> None:
    metrics = Metrics()
    release = asyncio.Event()

    async def reconcile(*_: str) -> None:
        await release.wait()
        raise ValueError("broken")

    queue = Queue(reconcile, timedelta(hours=1))
    metrics.watch_queue(queue)
    key = ResourceKey("FeatureStore", "ml", "a")
    first = asyncio.create_task(queue.process(key))
    await asyncio.sleep(0)
    second = asyncio.create_task(queue.process(key))
    await asyncio.sleep(0)
    assert lines(metrics)["hotplate_reconciles_waiting"] == 1

    release.set()
    await asyncio.gather(first, second)

    assert lines(metrics)["hotplate_reconciles_waiting"] == 0
    assert lines(metrics)["hotplate_resources_failing"] == 1
    queue.forget(key)
