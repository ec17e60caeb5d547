"""What Flux and others that follow kstatus make of what the operator reports."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.controller.feature_store import decide as decide_feature_store
from hotplate.controller.model_deployment import decide as decide_model_deployment
from hotplate.controller.observations import FeatureStoreObserved, ModelDeploymentObserved
from kstatus import kstatus
from resources import feature_store, model_deployment

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def reported(resource: FeatureStore | ModelDeployment, generation: int = 3) -> dict[str, Any]:
    """Return the body of a resource as it is after one reconcile."""
    if isinstance(resource, FeatureStore):
        status: Any = decide_feature_store(resource, FeatureStoreObserved(now=NOW)).status
    else:
        status = decide_model_deployment(resource, ModelDeploymentObserved(now=NOW)).status
    found = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {"metadata": {"generation": generation}, "status": found}


def ready(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body once it is ready."""
    conditions = [{"type": "Ready", "status": "True"}]
    return body | {"status": body["status"] | {"conditions": conditions}}


def test_a_resource_is_in_progress_until_it_is_ready() -> None:
    for resource in (feature_store(), model_deployment()):
        body = reported(resource)
        assert body["status"]["conditions"][0]["type"] == "Ready"
        assert kstatus(body) == "InProgress"
        assert kstatus(ready(body)) == "Current"


def test_a_change_is_in_progress_until_the_operator_has_seen_it() -> None:
    body = ready(reported(feature_store()))
    assert kstatus(body) == "Current"
    assert kstatus(body | {"metadata": {"generation": 4}}) == "InProgress"


def test_a_resource_on_its_way_out_is_terminating() -> None:
    body = ready(reported(feature_store()))
    metadata = {"generation": 3, "deletionTimestamp": NOW.isoformat()}
    assert kstatus(body | {"metadata": metadata}) == "Terminating"
