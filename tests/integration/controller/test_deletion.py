"""Deleting a FeatureStore on a real API server: with its data, without it, and without operator."""

from __future__ import annotations

import os
import subprocess
import sys

from support import ROOT
from support.kubernetes.operator import DEFINITIONS, Body, World
from support.resources import feature_store_document, model_deployment_document

HOOK = ROOT / "charts" / "hotplate" / "files" / "before_delete.py"
NAME = "credit-scoring"


def on_a_cache(world: World, **spec: object) -> Body:
    """Return a FeatureStore with nothing embedded; its cache is this test's own."""
    complete = {
        "onlineStore": {"elastiCache": {"endpoint": f"{world.namespace}.example.com:6379"}},
        "registry": {"s3": {"path": "s3://bucket/registry.db"}},
        "artifacts": "s3://bucket/features",
        "deletionPolicy": "Teardown",
        **spec,
    }
    return feature_store_document(**complete)


def applied(world: World, **spec: object) -> None:
    """Apply a FeatureStore and play the kubelets until its definitions are applied."""
    world.apply(DEFINITIONS, on_a_cache(world, **spec))
    world.finish("preflight")
    world.finish("plan")
    world.finish("apply")
    world.until("a materialization's pod", lambda: world.job_pods("materialize"))


def delete(world: World, *flags: str) -> None:
    world.delete("fs", NAME, "--wait=false", *flags)


def until_deleting(world: World, reason: str) -> str:
    return world.until_condition("fs", NAME, "Deleting", reason)


def until_gone(world: World) -> None:
    world.until("the FeatureStore is gone", lambda: world.find("fs", NAME) is None)


def end_pods(world: World, job: str) -> None:
    """Play the kubelets that end the pods of Jobs that were deleted."""
    for pod in world.job_pods(job):
        world.delete("pod", pod["metadata"]["name"], "--grace-period=0", "--force")


def finalizers(world: World) -> list[str]:
    found: list[str] = world.get("fs", NAME)["metadata"].get("finalizers", [])
    return found


def test_the_data_is_removed_after_the_jobs_have_ended_and_nothing_is_left(world: World) -> None:
    """Deleted in the foreground, where Kubernetes deletes every owner's child first."""
    with world.operator():
        applied(world)
        assert finalizers(world) == ["hotplate.dev/finalizer"]

        delete(world, "--cascade=foreground")
        world.until("the Jobs are deleted", lambda: not world.job_pods("materialize"))
        world.finish("teardown")
        until_gone(world)

    def left() -> list[str]:
        found = world.get("jobs,configmaps,statefulsets,services")["items"]
        names = {each["metadata"]["name"] for each in found}
        return sorted(names - {"kube-root-ca.crt", "credit-features"})

    world.until("nothing is left", lambda: not left(), 60)


def test_a_teardown_that_fails_is_told_and_retain_lets_the_resource_go(world: World) -> None:
    with world.operator():
        applied(world)
        delete(world)
        world.until("the Jobs are deleted", lambda: not world.job_pods("materialize"))
        (pod,) = world.until("the teardown's pod", lambda: world.job_pods("teardown"))
        world.fail_job(
            pod,
            '{"result": "Failed", "reason": "OnlineStoreUnreachable",'
            ' "message": "online store cache:6379 does not answer"}',
        )

        message = until_deleting(world, "OnlineStoreUnreachable")
        assert "cache:6379 does not answer; it is tried again within 5 minutes" in message
        assert world.condition("fs", NAME, "Ready")[:2] == ("False", "OnlineStoreUnreachable")
        world.patch("fs", NAME, {"spec": {"deletionPolicy": "Retain"}})
        until_gone(world)

    assert world.find("configmap", f"{NAME}-teardown") is None


def test_data_that_a_model_reads_is_kept_until_the_model_goes(world: World) -> None:
    with world.operator(HOTPLATE_RESYNC="60"):
        applied(world)
        world.apply(model_deployment_document("reader"))
        delete(world)

        assert "ModelDeployments read it: reader" in until_deleting(world, "InUse")
        world.delete("md", "reader")
        world.until("the Jobs are deleted", lambda: not world.job_pods("materialize"))
        world.finish("teardown")
        until_gone(world)


def test_without_the_operator_the_chart_s_hook_lets_the_resource_go(world: World) -> None:
    with world.operator():
        applied(world)
    delete(world)
    assert world.find("fs", NAME) is not None
    world.apply(operator_deployment())

    run_hook(world)

    until_gone(world)


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


def run_hook(world: World) -> None:
    """Run the chart's hook as its Job does."""
    environment = {
        "KUBECONFIG": str(world.cluster.kubeconfig),
        "HOTPLATE_NAMESPACES": world.namespace,
        "OPERATOR_NAMESPACE": world.namespace,
        "OPERATOR_NAME": "hotplate",
    }
    subprocess.run([sys.executable, HOOK], env=os.environ | environment, check=True, timeout=90)


def test_in_a_namespace_that_is_deleted_no_job_can_start_and_that_is_told(world: World) -> None:
    with world.operator():
        applied(world)
        world.cluster.kubectl("delete", "namespace", world.namespace, "--wait=false")
        world.until("its Jobs' pods end", lambda: end_pods(world, "materialize") or True)

        message = until_deleting(world, "NamespaceTerminating")

        assert '{"deletionPolicy": "Retain"}' in message.replace('{"spec": ', "")
        world.patch("fs", NAME, {"spec": {"deletionPolicy": "Retain"}})
        until_gone(world)


def test_the_finalizer_follows_the_policy_and_a_store_without_data_goes_at_once(
    world: World,
) -> None:
    with world.operator():
        world.apply(on_a_cache(world))
        world.until("the finalizer", lambda: finalizers(world))
        world.patch("fs", NAME, {"spec": {"deletionPolicy": "Retain"}})
        world.until("no finalizer", lambda: not finalizers(world))
        world.patch("fs", NAME, {"spec": {"deletionPolicy": "Teardown"}})
        world.until("the finalizer", lambda: finalizers(world))

        world.delete("fs", NAME, "--timeout=30s")
