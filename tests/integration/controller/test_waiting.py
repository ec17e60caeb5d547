"""What sends the operator no event is seen within seconds: the resync is minutes away here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.kubernetes.api_proxy import ApiProxy, api_proxy
from support.kubernetes.operator import DEFINITIONS, Body, World
from support.resources import feature_store_document, model_deployment_document

NAME = "credit-scoring"
TRYING = {"reason": "ErrImagePull", "message": "no such image: hotplate/jobs:9"}
BETWEEN = {
    "reason": "ImagePullBackOff",
    "message": f'Back-off pulling image "hotplate/jobs:9": ErrImagePull: {TRYING["message"]}',
}
SECRET: Body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cache"}}
REFUSED = {"result": "Failed", "reason": "OnlineStoreRefused", "message": "WRONGPASS"}


@pytest.fixture
def proxy(world: World, tmp_path: Path) -> Iterator[ApiProxy]:
    """A proxy to the API server, and an operator that goes through it."""
    with (
        api_proxy(world.cluster, tmp_path) as (proxy, kubeconfig),
        world.operator(KUBECONFIG=str(kubeconfig), HOTPLATE_RESYNC="600"),
    ):
        yield proxy


def wait_for(world: World, pod: Body, container: str, waiting: Body) -> None:
    """Play the kubelet of a pod of which a container waits."""
    waits = {"name": container, "image": "x", "imageID": "", "ready": False, "restartCount": 0}
    status = {"phase": "Pending", "containerStatuses": [waits | {"state": {"waiting": waiting}}]}
    world.patch("pod", pod["metadata"]["name"], {"status": status}, status=True)


def looks(proxy: ApiProxy) -> int:
    """Return how often the operator has looked at the pods of Jobs."""
    return sum("/pods?" in path and "component%3Djob" in path for _, path in proxy.requests)


def test_an_image_that_a_job_s_pod_cannot_have_is_told_and_written_once(
    world: World, proxy: ApiProxy
) -> None:
    world.apply(DEFINITIONS, feature_store_document())
    world.start_valkey()
    (pod,) = world.until("the plan's pod", lambda: world.job_pods("plan"))
    wait_for(world, pod, "job", TRYING)

    message = world.until_condition("fs", NAME, "Ready", "ImagePullBackOff")
    assert "no such image: hotplate/jobs:9: the image cannot be pulled: check its name" in message

    wait_for(world, pod, "job", BETWEEN)
    written, looked = len(proxy.writes), looks(proxy)
    world.until("two more looks", lambda: looks(proxy) >= looked + 2)
    assert len(proxy.writes) == written

    world.patch("fs", NAME, {"spec": {"jobs": {"image": "hotplate/jobs:10"}}})

    def is_another() -> bool:
        names = [each["metadata"]["name"] for each in world.job_pods("plan")]
        return len(names) == 1 and names != [pod["metadata"]["name"]]

    world.until("another pod alone", is_another)
    world.finish("plan")
    world.until_condition("fs", NAME, "Planned", "Succeeded")


def test_an_image_that_a_scoring_pod_cannot_have_is_told(world: World, proxy: ApiProxy) -> None:
    world.apply(DEFINITIONS, feature_store_document(), model_deployment_document())
    world.start_valkey()
    for job in ("plan", "apply", "train"):
        world.finish(job)
    world.finish("materialize", count=2)
    scoring = "--selector=app.kubernetes.io/component=scoring"
    pods = world.until("scoring pods", lambda: world.get("pods", scoring)["items"])
    world.quiet(lambda: len(proxy.requests))
    for pod in pods:
        wait_for(world, pod, "bento", TRYING)

    def told() -> str:
        _, reason, message = world.condition("md", NAME, "Ready")
        return message if reason == "ReplicasUnavailable" and "no such image" in message else ""

    message = world.until("Ready says why", told)
    assert message.startswith("0 of 2 pods are available; pod credit-scoring-")
    assert "the image cannot be pulled: check its name and imagePullSecrets" in message
    assert "no such image" in world.condition("md", NAME, "Progressing")[2]


def test_a_secret_that_comes_late_or_is_mended_is_seen(world: World, proxy: ApiProxy) -> None:
    auth = {"passwordSecretRef": {"name": "cache", "key": "password"}}
    cache = {"endpoint": f"{world.namespace}.example.com:6379", "auth": auth}
    world.apply(
        DEFINITIONS,
        feature_store_document(
            onlineStore={"elastiCache": cache},
            registry={"s3": {"path": "s3://bucket/registry.db"}},
            artifacts="s3://bucket/features",
        ),
    )
    message = world.until_condition("fs", NAME, "Ready", "ReferenceMissing")
    assert "Secret/cache" in message

    world.apply(SECRET | {"stringData": {"password": "mistaken"}})
    (pod,) = world.until("the preflight's pod", lambda: world.job_pods("preflight"))
    world.fail_job(pod, json.dumps(REFUSED))
    world.until_condition("fs", NAME, "Ready", "OnlineStoreRefused")

    world.apply(SECRET | {"stringData": {"password": "right"}})
    world.finish("preflight")
    (pod,) = world.until("the plan's pod", lambda: world.job_pods("plan"))
    world.fail_job(pod, "the registry is locked")
    world.until_condition("fs", NAME, "Planned", "JobFailed")

    world.apply(SECRET | {"stringData": {"password": "right", "user": "another"}})
    world.finish("preflight")
    world.until("another plan's pod", lambda: world.job_pods("plan"))


def definition(group: str, version: str, kind: str, plural: str) -> Body:
    """Return the least definition of an add-on's kind."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": version, "served": True, "storage": True}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": group,
            "names": names,
            "scope": "Namespaced",
            "versions": [served | {"schema": {"openAPIV3Schema": anything}}],
        },
    }


def test_a_kind_that_is_installed_later_gets_its_child(world: World, proxy: ApiProxy) -> None:
    """Without a restart of the operator; until then the conditions say what is missing."""
    addons = (
        definition("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
        definition("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors"),
    )
    model = model_deployment_document(gateway={"name": "public"})
    world.apply(DEFINITIONS, feature_store_document(), model)
    world.start_valkey()
    for job in ("plan", "apply", "train"):
        world.finish(job)
    world.finish("materialize", count=2)
    world.start_scoring_pods()
    message = world.until_condition("md", NAME, "Ready", "KindMissing")
    assert "install the Gateway API" in message
    world.until_condition("md", NAME, "Progressing", "RolloutComplete")
    assert "no ServiceMonitor" in world.condition("md", NAME, "Progressing")[2]

    world.quiet(lambda: len(proxy.requests))
    world.cluster.apply(*addons)
    try:
        world.until_condition("md", NAME, "Ready", "ReplicasAvailable")
        (parent,) = world.get("httproute", NAME)["spec"]["parentRefs"]
        assert parent["name"] == "public"
        assert world.get("servicemonitor", NAME)["spec"]["endpoints"]
        assert world.condition("md", NAME, "Progressing")[2] == ""
    finally:
        for addon in addons:
            world.cluster.kubectl("delete", "crd", addon["metadata"]["name"], "--wait=false")
