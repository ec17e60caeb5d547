"""What a person reads of both resources with kubectl, and what GitOps tools make of them."""

from __future__ import annotations

import json

from support.kubernetes.argo_cd import health
from support.kubernetes.kstatus import kstatus
from support.kubernetes.operator import DEFINITIONS, Body, World
from support.resources import feature_store_document, model_deployment_document

NAME = "credit-scoring"
VIEWS = [{"name": "credit_history", "maxStaleness": "3000d"}, {"name": "zipcode_features"}]
GATE_FAILED = {"result": "Failed", "reason": "GateFailed", "message": "roc_auc 0.61 < 0.75"}


def described(world: World, kind: str) -> str:
    """Return what kubectl describes."""
    return world.cluster.kubectl("describe", kind, NAME, f"--namespace={world.namespace}")


def generations(body: Body) -> set[int]:
    """Return the generations that the status and each of its conditions are about."""
    status = body["status"]
    told = {each["observedGeneration"] for each in status["conditions"]}
    return told | {status["observedGeneration"]}


def until_seen(world: World, kind: str) -> Body:
    """Return the resource once the operator has seen its newest generation."""

    def seen() -> Body | None:
        body = world.get(kind, NAME)
        is_seen = body["status"].get("observedGeneration") == body["metadata"]["generation"]
        return body if is_seen else None

    found: Body = world.until(f"{kind} is seen", seen)
    return found


def shown(world: World, kind: str) -> tuple[str, str]:
    """Return what Flux and Argo CD show."""
    body = until_seen(world, kind)
    return kstatus(body), health(body)[0]


def types(text: str) -> list[str]:
    """Return the types of the conditions in the order in which kubectl describes them."""
    lines = text.partition("Conditions:")[2].splitlines()
    return [line.split()[1] for line in lines if line.strip().startswith("Type:")]


def test_both_resources_are_described_from_waiting_to_ready_and_failed(world: World) -> None:
    with world.operator():
        model = model_deployment_document(training={"labels": {"path": "x", "target": "y"}})
        world.apply(feature_store_document(materialization={"views": VIEWS}), model)
        world.until_condition("fs", NAME, "Ready", "ReferenceMissing")
        world.until_condition("md", NAME, "Ready", "FeatureStoreNotReady")
        assert shown(world, "fs") == shown(world, "md") == ("InProgress", "Progressing")

        world.apply(DEFINITIONS)
        world.start_valkey()
        for job in ("plan", "apply", "train"):
            world.finish(job)
        world.finish("materialize", count=2)
        world.start_scoring_pods()
        world.until_condition("fs", NAME, "Ready", "Ready")
        world.until_condition("md", NAME, "Ready", "ReplicasAvailable")
        assert shown(world, "fs") == shown(world, "md") == ("Current", "Healthy")
        for kind in ("fs", "md"):
            text = described(world, kind)
            assert types(text)[0] == "Ready"
            assert "Stalled" not in text
            assert "Warning" not in text.partition("Events:")[2]

        again = {"labels": {"path": "x", "target": "z"}, "onFailure": {"retries": 0}}
        world.patch("md", NAME, {"spec": {"training": again}})
        world.crash("train", json.dumps(GATE_FAILED))
        world.until_condition("md", NAME, "Ready", "GateFailed")
        world.patch("fs", NAME, {"spec": {"materialization": {"parallelism": 1}}})
        world.apply(DEFINITIONS | {"data": {"features.py": "# broken"}})
        (pod,) = world.until("the plan's pod", lambda: world.job_pods("plan"))
        world.fail_job(pod, "Traceback\nSyntaxError: features.py, line 3")
        world.until_condition("fs", NAME, "Ready", "JobFailed")
        told = described(world, "fs").partition("Events:")[2]
        assert "Warning" in told
        assert "Planned is False: Job credit-scoring-plan-" in told
        for kind in ("fs", "md"):
            assert shown(world, kind) == ("Failed", "Degraded")
            body = until_seen(world, kind)
            assert body["metadata"]["generation"] == 2
            assert generations(body) == {2}
            assert types(described(world, kind))[0] == "Ready"
