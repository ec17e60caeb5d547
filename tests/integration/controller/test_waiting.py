"""What sends the operator no event is seen within seconds: the resync is minutes away here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.api.resources import feature_store_document, model_deployment_document
from support.kubernetes.api_proxy import ApiProxy, api_proxy
from support.kubernetes.operator import DEFINITIONS, Body, Namespace

NAME = "credit-scoring"
TRYING = {"reason": "ErrImagePull", "message": "no such image: hotplate/jobs:9"}
BETWEEN = {
    "reason": "ImagePullBackOff",
    "message": f'Back-off pulling image "hotplate/jobs:9": ErrImagePull: {TRYING["message"]}',
}
SECRET: Body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cache"}}
REFUSED = {"result": "Failed", "reason": "OnlineStoreRefused", "message": "WRONGPASS"}


@pytest.fixture
def proxy(ns: Namespace, tmp_path: Path) -> Iterator[ApiProxy]:
    """A proxy to the API server, and an operator that goes through it."""
    with (
        api_proxy(ns.cluster, tmp_path) as (proxy, kubeconfig),
        ns.operator(KUBECONFIG=str(kubeconfig), HOTPLATE_RESYNC="600"),
    ):
        yield proxy


def wait_for(ns: Namespace, pod: Body, container: str, waiting: Body) -> None:
    """Play the kubelet of a pod of which a container waits."""
    waits = {"name": container, "image": "x", "imageID": "", "ready": False, "restartCount": 0}
    status = {"phase": "Pending", "containerStatuses": [waits | {"state": {"waiting": waiting}}]}
    ns.patch("pod", pod["metadata"]["name"], {"status": status}, status=True)


def looks(proxy: ApiProxy) -> int:
    """Return how often the operator has looked at the pods of Jobs."""
    return sum("/pods?" in path and "component%3Djob" in path for _, path in proxy.requests)


def test_an_image_that_a_jobs_pod_cannot_pull_is_reported_and_written_once(
    ns: Namespace, proxy: ApiProxy
) -> None:
    ns.apply(DEFINITIONS, feature_store_document())
    ns.start_valkey()
    (pod,) = ns.until("the plan's pod", lambda: ns.job_pods("plan"))
    wait_for(ns, pod, "job", TRYING)

    message = ns.until_condition("fs", NAME, "Ready", "ImagePullBackOff")
    assert "no such image: hotplate/jobs:9: the image cannot be pulled: check its name" in message

    wait_for(ns, pod, "job", BETWEEN)
    written, looked = len(proxy.writes), looks(proxy)
    ns.until("two more looks", lambda: looks(proxy) >= looked + 2)
    assert len(proxy.writes) == written

    ns.patch("fs", NAME, {"spec": {"jobs": {"image": "hotplate/jobs:10"}}})

    def is_another() -> bool:
        names = [each["metadata"]["name"] for each in ns.job_pods("plan")]
        return len(names) == 1 and names != [pod["metadata"]["name"]]

    ns.until("another pod alone", is_another)
    ns.finish("plan")
    ns.until_condition("fs", NAME, "Planned", "Succeeded")


def test_an_image_that_a_scoring_pod_cannot_pull_is_reported(
    ns: Namespace, proxy: ApiProxy
) -> None:
    ns.apply(DEFINITIONS, feature_store_document(), model_deployment_document())
    ns.start_valkey()
    for job in ("plan", "apply", "train"):
        ns.finish(job)
    ns.finish("materialize", count=2)
    scoring = "--selector=app.kubernetes.io/component=scoring"
    pods = ns.until("scoring pods", lambda: ns.get("pods", scoring)["items"])
    ns.quiet(lambda: len(proxy.requests))
    for pod in pods:
        wait_for(ns, pod, "bento", TRYING)

    def message_of_ready() -> str:
        _, reason, message = ns.condition("md", NAME, "Ready")
        return message if reason == "ReplicasUnavailable" and "no such image" in message else ""

    message = ns.until("Ready says why", message_of_ready)
    assert message.startswith("0 of 2 pods are available; pod credit-scoring-")
    assert "the image cannot be pulled: check its name and imagePullSecrets" in message
    assert "no such image" in ns.condition("md", NAME, "Progressing")[2]


def test_a_secret_that_comes_late_or_is_mended_is_seen(ns: Namespace, proxy: ApiProxy) -> None:
    auth = {"passwordSecretRef": {"name": "cache", "key": "password"}}
    cache = {"endpoint": f"{ns.name}.example.com:6379", "auth": auth}
    ns.apply(
        DEFINITIONS,
        feature_store_document(
            onlineStore={"elastiCache": cache},
            registry={"s3": {"path": "s3://bucket/registry.db"}},
            artifacts="s3://bucket/features",
        ),
    )
    message = ns.until_condition("fs", NAME, "Ready", "ReferenceMissing")
    assert "Secret/cache" in message

    ns.apply(SECRET | {"stringData": {"password": "mistaken"}})
    (pod,) = ns.until("the preflight's pod", lambda: ns.job_pods("preflight"))
    ns.fail_job(pod, json.dumps(REFUSED))
    ns.until_condition("fs", NAME, "Ready", "OnlineStoreRefused")

    ns.apply(SECRET | {"stringData": {"password": "right"}})
    ns.finish("preflight")
    (pod,) = ns.until("the plan's pod", lambda: ns.job_pods("plan"))
    ns.fail_job(pod, "the registry is locked")
    ns.until_condition("fs", NAME, "Planned", "JobFailed")

    ns.apply(SECRET | {"stringData": {"password": "right", "user": "another"}})
    ns.finish("preflight")
    ns.until("another plan's pod", lambda: ns.job_pods("plan"))


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


def test_a_kind_that_is_installed_later_gets_its_child(ns: Namespace, proxy: ApiProxy) -> None:
    """Without a restart of the operator; until then the conditions say what is missing."""
    addons = (
        definition("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
        definition("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors"),
    )
    model = model_deployment_document(gateway={"name": "public"})
    ns.apply(DEFINITIONS, feature_store_document(), model)
    ns.start_valkey()
    for job in ("plan", "apply", "train"):
        ns.finish(job)
    ns.finish("materialize", count=2)
    ns.start_scoring_pods()
    message = ns.until_condition("md", NAME, "Ready", "CRDMissing")
    assert "install the Gateway API" in message
    ns.until_condition("md", NAME, "Progressing", "RolloutComplete")
    assert "no ServiceMonitor" in ns.condition("md", NAME, "Progressing")[2]

    ns.quiet(lambda: len(proxy.requests))
    ns.cluster.apply(*addons)
    try:
        ns.until_condition("md", NAME, "Ready", "ReplicasAvailable")
        (parent,) = ns.get("httproute", NAME)["spec"]["parentRefs"]
        assert parent["name"] == "public"
        assert ns.get("servicemonitor", NAME)["spec"]["endpoints"]
        assert ns.condition("md", NAME, "Progressing")[2] == ""
    finally:
        for addon in addons:
            ns.cluster.kubectl("delete", "crd", addon["metadata"]["name"], "--wait=false")
