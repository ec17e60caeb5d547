"""What Flux, Argo CD and others make of what the operator reports."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.decide.deletion import DeletionObserved
from hotplate.decide.deletion import decide as decide_deletion
from hotplate.decide.feature_store import decide as decide_feature_store
from hotplate.decide.model_deployment import decide as decide_model_deployment
from hotplate.decide.observed import (
    FeatureStoreObserved,
    JobState,
    ModelDeploymentObserved,
    Outcome,
)
from support.api.resources import feature_store, model_deployment
from support.kubernetes.argo_cd import health, scripts
from support.kubernetes.kstatus import kstatus
from support.lives import Life

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def body(resource: FeatureStore | ModelDeployment, **metadata: Any) -> dict[str, Any]:
    """Return the body of a resource with the status that it has."""
    status = resource.status.model_dump(mode="json", by_alias=True, exclude_none=True)
    generation = {"generation": resource.metadata.generation}
    return {"kind": resource.kind, "metadata": generation | metadata, "status": status}


def reported(resource: FeatureStore | ModelDeployment) -> dict[str, Any]:
    """Return the body of a resource as it is after one reconcile."""
    if isinstance(resource, FeatureStore):
        status: Any = decide_feature_store(resource, FeatureStoreObserved(now=NOW)).status
    else:
        status = decide_model_deployment(resource, ModelDeploymentObserved(now=NOW)).status
    return body(resource.model_copy(update={"status": status}))


def ready(**metadata: Any) -> dict[str, Any]:
    """Return the body of a FeatureStore that is ready."""
    return body(Life().until_ready().store, **metadata)


def failed() -> dict[str, Any]:
    """Return the body of a FeatureStore whose plan failed."""
    life = Life()
    life.step()
    life.fail("plan", "DefinitionsInvalid", "features.py, line 3")
    life.step()
    return body(life.store)


def waiting() -> dict[str, Any]:
    """Return the body of a FeatureStore whose Job waits for its image."""
    life = Life()
    life.step()
    for name in life.running("plan"):
        life.jobs.outcomes[name] = Outcome(JobState.RUNNING, "ImagePullBackOff", "no such image")
    life.step()
    return body(life.store)


def unseen(kind: str) -> dict[str, Any]:
    """Return the body of a resource without a status."""
    return {"kind": kind, "metadata": {"generation": 1}}


@pytest.mark.parametrize(
    ("found", "flux", "argo_cd"),
    [
        (reported(feature_store()), "InProgress", "Progressing"),
        (reported(model_deployment()), "InProgress", "Progressing"),
        (reported(feature_store(suspend=True)), "InProgress", "Suspended"),
        (reported(model_deployment(suspend=True)), "InProgress", "Suspended"),
        (ready(), "Current", "Healthy"),
        (ready(generation=4), "InProgress", "Progressing"),
        (failed(), "Failed", "Degraded"),
        (waiting(), "InProgress", "Progressing"),
    ],
    ids=[
        "a new FeatureStore",
        "a new ModelDeployment",
        "a suspended FeatureStore",
        "a suspended ModelDeployment",
        "ready",
        "ready before a change",
        "a Job failed",
        "an image is missing",
    ],
)
def test_what_is_reported_is_what_they_show(found: dict[str, Any], flux: str, argo_cd: str) -> None:
    assert found["status"]["conditions"][0]["type"] == "Ready"
    assert (kstatus(found), health(found)[0]) == (flux, argo_cd)


def test_what_is_not_ready_is_told_with_its_reason() -> None:
    assert health(failed())[1].startswith("DefinitionsInvalid: Job credit-scoring-plan-")


@pytest.mark.parametrize("kind", ["FeatureStore", "ModelDeployment"])
def test_what_no_operator_has_seen_is_in_progress(kind: str) -> None:
    assert health(unseen(kind))[0] == "Progressing"


def test_argo_cd_has_one_script_for_both_kinds() -> None:
    assert set(scripts()) == {"FeatureStore", "ModelDeployment"}
    assert len(set(scripts().values())) == 1


def test_a_resource_that_is_being_deleted_is_terminating_and_not_stalled() -> None:
    life = Life()
    life.step()
    life.end("plan")
    life.step()
    life.fail("apply", "RegistryFailed")
    life.step()
    assert "Stalled" in {each.type for each in life.store.status.conditions}
    cache = {"elastiCache": {"endpoint": "cache.example.com:6379"}}
    store = feature_store(onlineStore=cache, deletionPolicy="Teardown")
    store = store.model_copy(update={"status": life.store.status})
    status = decide_deletion(store, DeletionObserved(NOW, dependents=("scoring",))).status

    found = body(store.model_copy(update={"status": status}), deletionTimestamp=NOW.isoformat())

    assert (kstatus(found), health(found)[0]) == ("Terminating", "Progressing")
    assert "Stalled" not in {each["type"] for each in found["status"]["conditions"]}
