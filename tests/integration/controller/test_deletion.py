"""Deleting a FeatureStore on a real API server: with its data, without it, and without operator."""

from __future__ import annotations

import os
import subprocess
import sys

from support import ROOT
from support.api.resources import feature_store_document, model_deployment_document
from support.kubernetes.operator import DEFINITIONS, Body, Namespace

HOOK = ROOT / "charts" / "hotplate" / "files" / "before_delete.py"
NAME = "credit-scoring"


def on_a_cache(ns: Namespace, **spec: object) -> Body:
    """Return a FeatureStore with nothing embedded; its cache is this test's own."""
    complete = {
        "onlineStore": {"elastiCache": {"endpoint": f"{ns.name}.example.com:6379"}},
        "registry": {"s3": {"path": "s3://bucket/registry.db"}},
        "artifacts": "s3://bucket/features",
        "deletionPolicy": "Teardown",
        **spec,
    }
    return feature_store_document(**complete)


def applied(ns: Namespace, **spec: object) -> None:
    """Apply a FeatureStore and play the kubelets until its definitions are applied."""
    ns.apply(DEFINITIONS, on_a_cache(ns, **spec))
    ns.finish("preflight")
    ns.finish("plan")
    ns.finish("apply")
    ns.until("a materialization's pod", lambda: ns.job_pods("materialize"))


def delete(ns: Namespace, *flags: str) -> None:
    ns.delete("fs", NAME, "--wait=false", *flags)


def until_deleting(ns: Namespace, reason: str) -> str:
    return ns.until_condition("fs", NAME, "Deleting", reason)


def until_gone(ns: Namespace) -> None:
    ns.until("the FeatureStore is gone", lambda: ns.find("fs", NAME) is None)


def end_pods(ns: Namespace, job: str) -> None:
    """Play the kubelets that end the pods of Jobs that were deleted."""
    for pod in ns.job_pods(job):
        ns.delete("pod", pod["metadata"]["name"], "--grace-period=0", "--force")


def finalizers(ns: Namespace) -> list[str]:
    found: list[str] = ns.get("fs", NAME)["metadata"].get("finalizers", [])
    return found


def test_the_data_is_removed_after_the_jobs_have_ended_and_nothing_is_left(ns: Namespace) -> None:
    """Deleted in the foreground, where Kubernetes deletes every owner's child first."""
    with ns.operator():
        applied(ns)
        assert finalizers(ns) == ["hotplate.dev/finalizer"]

        delete(ns, "--cascade=foreground")
        ns.until("the Jobs are deleted", lambda: not ns.job_pods("materialize"))
        ns.finish("teardown")
        until_gone(ns)

    def left() -> list[str]:
        found = ns.get("jobs,configmaps,statefulsets,services")["items"]
        names = {each["metadata"]["name"] for each in found}
        return sorted(names - {"kube-root-ca.crt", "credit-features"})

    ns.until("nothing is left", lambda: not left(), 60)


def test_a_teardown_that_fails_is_reported_and_retain_lets_the_resource_go(ns: Namespace) -> None:
    with ns.operator():
        applied(ns)
        delete(ns)
        ns.until("the Jobs are deleted", lambda: not ns.job_pods("materialize"))
        (pod,) = ns.until("the teardown's pod", lambda: ns.job_pods("teardown"))
        ns.fail_job(
            pod,
            '{"result": "Failed", "reason": "OnlineStoreUnreachable",'
            ' "message": "online store cache:6379 does not answer"}',
        )

        message = until_deleting(ns, "OnlineStoreUnreachable")
        assert "cache:6379 does not answer; it is retried within 5 minutes" in message
        assert ns.condition("fs", NAME, "Ready")[:2] == ("False", "OnlineStoreUnreachable")
        ns.patch("fs", NAME, {"spec": {"deletionPolicy": "Retain"}})
        until_gone(ns)

    assert ns.find("configmap", f"{NAME}-teardown") is None


def test_data_that_a_model_reads_is_kept_until_the_model_goes(ns: Namespace) -> None:
    with ns.operator(HOTPLATE_RESYNC="60"):
        applied(ns)
        ns.apply(model_deployment_document("reader"))
        delete(ns)

        assert "ModelDeployments use it: reader" in until_deleting(ns, "InUse")
        ns.delete("md", "reader")
        ns.until("the Jobs are deleted", lambda: not ns.job_pods("materialize"))
        ns.finish("teardown")
        until_gone(ns)


def test_without_the_operator_the_chart_s_hook_lets_the_resource_go(ns: Namespace) -> None:
    with ns.operator():
        applied(ns)
    delete(ns)
    assert ns.find("fs", NAME) is not None
    ns.apply(operator_deployment())

    run_hook(ns)

    until_gone(ns)


def operator_deployment() -> Body:
    """Return an operator's Deployment as the hook finds it."""
    labels = {"app": "hotplate"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "hotplate"},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod},
    }


def run_hook(ns: Namespace) -> None:
    """Run the chart's hook as its Job does."""
    environment = {
        "KUBECONFIG": str(ns.cluster.kubeconfig),
        "HOTPLATE_NAMESPACES": ns.name,
        "OPERATOR_NAMESPACE": ns.name,
        "OPERATOR_NAME": "hotplate",
    }
    subprocess.run([sys.executable, HOOK], env=os.environ | environment, check=True, timeout=90)


def test_in_a_namespace_that_is_deleted_no_job_can_start_and_that_is_reported(
    ns: Namespace,
) -> None:
    with ns.operator():
        applied(ns)
        ns.cluster.kubectl("delete", "namespace", ns.name, "--wait=false")
        ns.until("its Jobs' pods end", lambda: end_pods(ns, "materialize") or True)

        message = until_deleting(ns, "NamespaceTerminating")

        assert '{"deletionPolicy": "Retain"}' in message.replace('{"spec": ', "")
        ns.patch("fs", NAME, {"spec": {"deletionPolicy": "Retain"}})
        until_gone(ns)


def test_the_finalizer_follows_the_policy_and_a_store_without_data_goes_at_once(
    ns: Namespace,
) -> None:
    with ns.operator():
        ns.apply(on_a_cache(ns))
        ns.until("the finalizer", lambda: finalizers(ns))
        ns.patch("fs", NAME, {"spec": {"deletionPolicy": "Retain"}})
        ns.until("no finalizer", lambda: not finalizers(ns))
        ns.patch("fs", NAME, {"spec": {"deletionPolicy": "Teardown"}})
        ns.until("the finalizer", lambda: finalizers(ns))

        ns.delete("fs", NAME, "--timeout=30s")
