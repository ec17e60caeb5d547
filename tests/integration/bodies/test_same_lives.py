"""A manifest means the same to the operator and to a local run, through the same lives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cluster.client import Cluster
from support.bodies import Body, LocalRun, Operator, Status
from support.kubernetes.fixtures import ns
from support.kubernetes.operator import Namespace

__all__ = ["ns"]

Life = Callable[[Body], Iterator[None]]
TRAINING = {"labels": {"path": "data/loans.parquet", "target": "loan_status"}}
ONE_VIEW = {"views": [{"name": "credit_history", "maxStaleness": "1h"}]}


def prepared(body: Body, materialization: Any = ONE_VIEW, **model: Any) -> Iterator[None]:
    """Take both resources from their creation to a model that serves."""
    body.edit({"materialization": materialization}, {"replicas": 1, "training": TRAINING} | model)
    for job in ("plan", "apply", "materialize"):
        yield
        body.finish(job)
    yield
    body.finish("train")
    body.serve()
    yield


def a_view_that_the_spec_does_not_name(body: Body) -> Iterator[None]:
    yield from prepared(body)


def a_schedule_that_is_due(body: Body) -> Iterator[None]:
    due = datetime.now(UTC) + timedelta(hours=2)
    schedule = {"schedule": f"{due.minute} {due.hour} * * *", "timeZone": "Etc/UTC"}
    yield from prepared(body, {**ONE_VIEW, **schedule, "parallelism": 1})
    body.later(timedelta(hours=3))
    yield
    body.finish("materialize")
    yield


def an_edited_training(body: Body) -> Iterator[None]:
    yield from prepared(body)
    body.edit(model={"training": TRAINING | {"tree": {"maxDepth": 3}}})
    yield
    body.finish("train", version="credit_scoring:def")
    body.serve()
    yield


def a_model_that_is_not_verified(body: Body) -> Iterator[None]:
    yield from prepared(body)
    body.edit(model={"rollout": {"verify": True}, "training": TRAINING | {"gate": []}})
    yield
    body.finish("verify")
    yield
    body.edit(model={"training": TRAINING | {"tree": {"maxDepth": 3}}})
    yield
    body.finish("train", version="credit_scoring:def")
    yield
    body.fail("verify", "GoldenRowsDiffer")
    yield


def backfills(body: Body) -> Iterator[None]:
    yield from prepared(body)
    window = {"start": "2026-01-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"}
    body.edit({"backfills": [{"name": "winter", **window, "chunk": "30d"}]})
    yield
    body.finish("materialize")
    yield
    body.fail("materialize", "OnlineStoreDown")
    yield
    body.forget("materialize")
    yield
    body.finish("materialize")
    yield


def a_job_that_fails_and_is_retried(body: Body) -> Iterator[None]:
    on_failure = {"onFailure": {"retries": 1}}
    body.edit({"materialization": ONE_VIEW | on_failure}, {"replicas": 1, "training": TRAINING})
    for job in ("plan", "apply"):
        yield
        body.finish(job)
    yield
    body.crash("materialize", "OnlineStoreDown")
    yield
    body.fail("materialize", "OnlineStoreDown")
    yield
    body.forget("materialize")
    yield
    body.finish("materialize")
    yield


def what_is_suspended(body: Body) -> Iterator[None]:
    due = datetime.now(UTC) + timedelta(hours=2)
    yield from prepared(body, ONE_VIEW | {"schedule": f"{due.minute} {due.hour} * * *"})
    body.edit({"suspend": True}, {"suspend": True})
    body.later(timedelta(hours=3))
    yield
    body.edit({"suspend": False}, {"suspend": False})
    yield
    body.finish("materialize")
    yield


def a_plan_that_is_blocked_until_it_is_approved(body: Body) -> Iterator[None]:
    yield from prepared(body)
    body.define("# no view")
    yield
    hash_ = "sha256:" + "0b" * 32
    body.finish("plan", planHash=hash_, create=0, delete=2)
    yield
    body.edit({"apply": {"approve": hash_}})
    yield
    body.finish("apply", planHash=hash_, create=0, delete=2)
    yield
    body.finish("materialize")
    yield


def a_plan_that_takes_a_feature_from_the_model_that_serves(body: Body) -> Iterator[None]:
    hash_ = "sha256:" + "0b" * 32
    lost = {"name": "credit_history:bankruptcies", "change": "removed", "keys": 28_633}
    plan = {"planHash": hash_, "create": 0, "update": 1, "destructive": 1}
    yield from prepared(body)
    body.edit({"apply": {"maxDeletions": 1}})
    body.define("# one feature less")
    yield
    body.finish("plan", **plan, losses=[lost | {"services": ["credit_scoring_v1"]}])
    blocked = body.look()["FeatureStore.status.conditions[Applied].message"]
    assert "takes features from ModelDeployment credit-scoring" in str(blocked)
    yield
    body.edit({"apply": {"maxDeletions": 1, "approve": hash_}})
    yield
    body.finish("apply", **plan, kept=[lost["name"]])
    yield
    body.finish("materialize", kept=[])
    yield


def definitions_that_are_set_back(body: Body) -> Iterator[None]:
    yield from prepared(body)
    for text in ("# other", ""):
        body.define(text)
        yield
        for job in ("plan", "apply", "materialize"):
            body.finish(job)
            yield


def a_job_that_takes_longer_than_its_deadline(body: Body) -> Iterator[None]:
    on_failure = {"onFailure": {"deadline": "15s"}}
    body.edit({"materialization": ONE_VIEW | on_failure}, {"replicas": 1, "training": TRAINING})
    for job in ("plan", "apply"):
        yield
        body.finish(job)
    yield
    body.exceed("materialize")
    yield


LIVES: tuple[Life, ...] = (
    a_view_that_the_spec_does_not_name,
    a_schedule_that_is_due,
    an_edited_training,
    a_model_that_is_not_verified,
    backfills,
    a_job_that_fails_and_is_retried,
    what_is_suspended,
    a_plan_that_is_blocked_until_it_is_approved,
    a_plan_that_takes_a_feature_from_the_model_that_serves,
    definitions_that_are_set_back,
    a_job_that_takes_longer_than_its_deadline,
)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_a_life_has_the_same_statuses_in_both_bodies(
    life: Life, ns: Namespace, cluster: Cluster, tmp_path: Path
) -> None:
    bodies = (Operator(ns, cluster.kubeconfig), LocalRun(tmp_path))
    on_a_cluster, on_this_machine = (statuses(life, body) for body in bodies)

    assert len(on_a_cluster) == len(on_this_machine)
    for step, pair in enumerate(zip(on_a_cluster, on_this_machine, strict=True)):
        different = "\n".join(differences(*pair))
        assert not different, f"after step {step}, on a cluster and here:\n{different}"


def statuses(life: Life, body: Body) -> list[Status]:
    """Return both statuses after each step of the life."""
    return [body.look() for _ in life(body)]


def differences(one: Status, other: Status) -> Iterator[str]:
    """Yield a line for each field whose values differ."""
    for field in sorted({*one, *other}):
        if one.get(field) != other.get(field):
            yield f"{field}: {one.get(field)} | {other.get(field)}"
