"""What the operator asks of the API server, and what it makes of refusals and cut streams."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hotplate.controller.kube.client import connected
from support.api.resources import feature_store_document, model_deployment_document
from support.kubernetes.api_proxy import ApiProxy, Refusal, api_proxy
from support.kubernetes.operator import DEFINITIONS, Body, Namespace

VIEWS = [{"name": "credit_history", "maxStaleness": "3000d"}, {"name": "zipcode_features"}]
EVERYTHING = {
    "autoscaling": {"maxReplicas": 4, "cpuUtilization": 70},
    "networkPolicy": {},
    "ingress": {"host": "scoring.example.com"},
}


def documents() -> tuple[Body, ...]:
    store = feature_store_document(materialization={"views": VIEWS})
    return DEFINITIONS, store, model_deployment_document(**EVERYTHING)


@pytest.fixture
def through(ns: Namespace, tmp_path: Path) -> Iterator[tuple[ApiProxy, dict[str, str]]]:
    """A proxy to the API server, and the environment of an operator that goes through it."""
    with api_proxy(ns.cluster, tmp_path) as (proxy, kubeconfig):
        yield proxy, {"KUBECONFIG": str(kubeconfig), "HOTPLATE_RESYNC": "600"}


def serve(ns: Namespace) -> None:
    """Apply everything and play the kubelets until the model is served and all is ready."""
    ns.apply(*documents())
    ns.start_valkey()
    ns.finish("plan")
    ns.finish("apply")
    ns.finish("materialize", count=2)
    ns.finish("train")
    ns.until("the Deployment", lambda: ns.find("deployment", "credit-scoring"))
    ns.start_scoring_pods()
    ns.until_condition("fs", "credit-scoring", "Ready", "Ready")
    ns.until_condition("md", "credit-scoring", "Ready", "ReplicasAvailable")


def test_the_steady_state_writes_nothing_whatever_wakes_the_operator(
    ns: Namespace, through: tuple[ApiProxy, dict[str, str]]
) -> None:
    """Neither an equal apply, nor the resync; kinds that nothing asks for are not even read."""
    proxy, environment = through
    with ns.operator(**environment | {"HOTPLATE_RESYNC": "0.5"}):
        serve(ns)
        ns.quiet(lambda: len(proxy.writes))
        proxy.requests.clear()

        ns.apply(*documents())
        ns.until("some resyncs", lambda: len(proxy.requests) > 200)

    assert proxy.writes == []
    assert any("/servicemonitors/" in path for _, path in proxy.requests)
    assert not any("/httproutes/" in path for _, path in proxy.requests)


def test_what_the_operator_writes_does_not_wake_it(
    ns: Namespace, through: tuple[ApiProxy, dict[str, str]]
) -> None:
    """A FeatureStore that waits for its definitions is read once, for all that is written of it."""
    proxy, environment = through
    cache = {"elastiCache": {"endpoint": "features.example.com:6379", "mode": "Cluster"}}
    with ns.operator(**environment):
        ns.apply(
            feature_store_document(
                onlineStore=cache,
                registry={"s3": {"path": "s3://features/registry.db"}},
                artifacts="s3://features/artifacts",
            )
        )
        ns.until_condition("fs", "credit-scoring", "Ready", "ReferenceMissing")
        ns.until("its file", lambda: ns.find("cm", "credit-scoring-feature-store"))
        ns.quiet(lambda: len(proxy.requests))

    read = [path for method, path in proxy.requests if method == "GET"]
    assert sum(path.endswith("/featurestores/credit-scoring") for path in read) == 1
    assert len(proxy.writes) == 2


async def test_a_long_list_comes_in_parts(
    ns: Namespace, through: tuple[ApiProxy, dict[str, str]]
) -> None:
    _, environment = through
    identity = {"apiVersion": "v1", "kind": "ConfigMap"}
    labels = {"list": "long"}
    ns.apply(*(identity | {"metadata": {"name": f"m-{n}", "labels": labels}} for n in range(120)))

    async with connected(environment["KUBECONFIG"]) as cluster:
        listed = await cluster.list("v1", "ConfigMap", ns.name, "list=long")
        parts = cluster.parts("v1", "ConfigMap", ns.name, "list=long")
        sizes = [len(part) async for part in parts]

    assert len({body["metadata"]["name"] for body in listed}) == 120
    assert sizes == [100, 20]


def test_a_busy_and_a_quarrelsome_api_server_is_asked_again(
    ns: Namespace, through: tuple[ApiProxy, dict[str, str]]
) -> None:
    proxy, environment = through
    proxy.refusals += [
        Refusal("PATCH", 429, 2, {"Retry-After": "1"}),
        Refusal("GET", 429, 2, {"Retry-After": "1"}),
        Refusal("PATCH", 409, 2),
        Refusal("PATCH", 500, 1),
    ]
    with ns.operator(**environment):
        serve(ns)

    assert [refusal.times for refusal in proxy.refusals] == [0, 0, 0, 0]


def test_after_its_watches_were_cut_the_operator_still_sees_what_changes(
    ns: Namespace, through: tuple[ApiProxy, dict[str, str]]
) -> None:
    """The resync is minutes away: only a watch that was opened again can tell."""
    proxy, environment = through
    with ns.operator(**environment):
        ns.apply(*documents())
        ns.until("Valkey", lambda: ns.find("statefulset", "credit-scoring-valkey"))

        assert proxy.cut_streams() > 5
        ns.delete("statefulset", "credit-scoring-valkey")

        ns.until("Valkey is back", lambda: ns.find("statefulset", "credit-scoring-valkey"))


@pytest.mark.parametrize(
    ("kind", "name", "edit"),
    [
        ("deployment", "credit-scoring", {"spec": {"progressDeadlineSeconds": 5}}),
        ("deployment", "credit-scoring", {"spec": {"template": {"spec": {"hostNetwork": True}}}}),
        ("service", "credit-scoring", {"spec": {"selector": {"app": "other"}}}),
        ("pdb", "credit-scoring", {"spec": {"maxUnavailable": 5}}),
        ("hpa", "credit-scoring", {"spec": {"maxReplicas": 50}}),
        ("networkpolicy", "credit-scoring", {"spec": {"ingress": []}}),
        ("ingress", "credit-scoring", {"spec": {"rules": [{"host": "other.example.com"}]}}),
        ("configmap", "credit-scoring-model-deployment", {"data": {"resource.yaml": ""}}),
        ("configmap", "credit-scoring-feature-store", {"data": {"resource.yaml": ""}}),
        ("statefulset", "credit-scoring-valkey", {"spec": {"replicas": 3}}),
        ("service", "credit-scoring-valkey", {"spec": {"selector": {"app": "other"}}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_child_that_is_edited_or_deleted_by_hand_is_set_right(
    served: Namespace, kind: str, name: str, edit: Body
) -> None:
    """The resync is minutes away: the child's event requeues the resource."""
    before = served.get(kind, name)

    served.patch(kind, name, edit)
    served.until(f"{kind} as it was", lambda: essence(served.find(kind, name)) == essence(before))
    served.delete(kind, name)
    served.until(f"{kind} is back", lambda: essence(served.find(kind, name)) == essence(before))


@pytest.fixture(scope="module")
def served(cluster, tmp_path_factory) -> Iterator[Namespace]:  # type: ignore[no-untyped-def]
    """One namespace where all is served, for all kinds of children."""
    name = "edited-by-hand"
    cluster.kubectl("create", "namespace", name)
    ns = Namespace(cluster, name, tmp_path_factory.mktemp(name))
    with ns.operator(HOTPLATE_RESYNC="600"):
        serve(ns)
        yield ns
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def essence(body: Body | None) -> Body:
    """Return what the operator decides of a child; addresses are the API server's."""
    if body is None:
        return {}
    given = ("clusterIP", "clusterIPs")
    spec = {field: value for field, value in body.get("spec", {}).items() if field not in given}
    return {"spec": spec, "data": body.get("data")}
