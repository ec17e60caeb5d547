"""What a person reads of both resources with kubectl, and what GitOps tools make of them."""

from __future__ import annotations

import json

from support.api.resources import feature_store_document, model_deployment_document
from support.kubernetes.argo_cd import health
from support.kubernetes.kstatus import kstatus
from support.kubernetes.operator import DEFINITIONS, Body, Namespace

NAME = "credit-scoring"
VIEWS = [{"name": "credit_history", "maxStaleness": "3000d"}, {"name": "zipcode_features"}]
GATE_FAILED = {"result": "Failed", "reason": "GateFailed", "message": "roc_auc 0.61 < 0.75"}


def described(ns: Namespace, kind: str) -> str:
    """Return what kubectl describes."""
    return ns.cluster.kubectl("describe", kind, NAME, f"--namespace={ns.name}")


def generations(body: Body) -> set[int]:
    """Return the generations that the status and each of its conditions are about."""
    status = body["status"]
    generations = {each["observedGeneration"] for each in status["conditions"]}
    return generations | {status["observedGeneration"]}


def until_seen(ns: Namespace, kind: str) -> Body:
    """Return the resource once the operator has seen its newest generation."""

    def seen() -> Body | None:
        body = ns.get(kind, NAME)
        is_seen = body["status"].get("observedGeneration") == body["metadata"]["generation"]
        return body if is_seen else None

    found: Body = ns.until(f"{kind} is seen", seen)
    return found


def shown(ns: Namespace, kind: str) -> tuple[str, str]:
    """Return what Flux and Argo CD show."""
    body = until_seen(ns, kind)
    return kstatus(body), health(body)[0]


def types(text: str) -> list[str]:
    """Return the types of the conditions in the order in which kubectl describes them."""
    lines = text.partition("Conditions:")[2].splitlines()
    return [line.split()[1] for line in lines if line.strip().startswith("Type:")]


def test_both_resources_are_described_from_waiting_to_ready_and_failed(ns: Namespace) -> None:
    with ns.operator():
        model = model_deployment_document(training={"labels": {"path": "x", "target": "y"}})
        ns.apply(feature_store_document(materialization={"views": VIEWS}), model)
        ns.until_condition("fs", NAME, "Ready", "ReferenceMissing")
        ns.until_condition("md", NAME, "Ready", "FeatureStoreNotReady")
        assert shown(ns, "fs") == shown(ns, "md") == ("InProgress", "Progressing")

        ns.apply(DEFINITIONS)
        ns.start_valkey()
        for job in ("plan", "apply", "train"):
            ns.finish(job)
        ns.finish("materialize", count=2)
        ns.start_scoring_pods()
        ns.until_condition("fs", NAME, "Ready", "Ready")
        ns.until_condition("md", NAME, "Ready", "ReplicasAvailable")
        assert shown(ns, "fs") == shown(ns, "md") == ("Current", "Healthy")
        for kind in ("fs", "md"):
            text = described(ns, kind)
            assert types(text)[0] == "Ready"
            assert "Stalled" not in text
            assert "Warning" not in text.partition("Events:")[2]

        again = {"labels": {"path": "x", "target": "z"}, "onFailure": {"retries": 0}}
        ns.patch("md", NAME, {"spec": {"training": again}})
        ns.crash("train", json.dumps(GATE_FAILED))
        ns.until_condition("md", NAME, "Ready", "GateFailed")
        ns.patch("fs", NAME, {"spec": {"materialization": {"parallelism": 1}}})
        ns.apply(DEFINITIONS | {"data": {"features.py": "# broken"}})
        (pod,) = ns.until("the plan's pod", lambda: ns.job_pods("plan"))
        ns.fail_job(pod, "Traceback\nSyntaxError: features.py, line 3")
        ns.until_condition("fs", NAME, "Ready", "JobFailed")
        events = described(ns, "fs").partition("Events:")[2]
        assert "Warning" in events
        assert "Planned is False: Job credit-scoring-plan-" in events
        for kind in ("fs", "md"):
            assert shown(ns, kind) == ("Failed", "Degraded")
            body = until_seen(ns, kind)
            assert body["metadata"]["generation"] == 2
            assert generations(body) == {2}
            assert types(described(ns, kind))[0] == "Ready"
