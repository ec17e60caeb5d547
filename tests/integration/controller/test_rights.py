"""The operator does all of its work with exactly the rights that the chart gives it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from support import ROOT
from support.kubernetes.operator import DEFINITIONS, Body, World
from support.resources import feature_store_document, model_deployment_document

GOLDEN = ROOT / "tests/integration/tool/golden"
SECRET: Body = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "bureau"},
    "stringData": {"token": "hunter2"},
}
EVERYTHING = {
    "autoscaling": {"maxReplicas": 4, "cpuUtilization": 70},
    "networkPolicy": {},
    "ingress": {"host": "scoring.example.com"},
    "env": [{"name": "TOKEN", "secretKeyRef": {"name": "bureau", "key": "token"}}],
}


def rights(world: World, case: str, kind: str) -> Body:
    """Return the chart's role, under a name and in the namespace of this test."""
    documents = yaml.safe_load_all((GOLDEN / f"{case}.yaml").read_text())
    (role,) = (
        document
        for document in documents
        if document and document["kind"] == kind and document["metadata"]["name"] == "hotplate"
    )
    return role | {"metadata": {"name": world.namespace}}


def bind(world: World, role: Body, folder: Path) -> Path:
    """Give the role to a ServiceAccount; return a kubeconfig that is it."""
    namespaced = {"namespace": world.namespace} if role["kind"] == "Role" else {}
    role["metadata"] |= namespaced
    name = world.namespace
    account = {"kind": "ServiceAccount", "name": name, "namespace": world.namespace}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": f"{role['kind']}Binding",
        "metadata": {"name": name, **namespaced},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": role["kind"],
            "name": name,
        },
        "subjects": [account],
    }
    metadata = {"name": name, "namespace": world.namespace}
    world.cluster.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}, role, binding
    )
    namespace = f"--namespace={world.namespace}"
    token = world.cluster.kubectl("create", "token", name, namespace).strip()
    config = yaml.safe_load(world.cluster.kubeconfig.read_text())
    for user in config["users"]:
        user["user"] = {"token": token}
    kubeconfig = folder / "operator.kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    return kubeconfig


@pytest.mark.parametrize(
    ("case", "kind", "namespaces"),
    [("default", "Role", None), ("cluster-wide", "ClusterRole", "")],
)
def test_the_chart_s_rights_are_enough(
    world: World, tmp_path: Path, case: str, kind: str, namespaces: str | None
) -> None:
    kubeconfig = bind(world, rights(world, case, kind), tmp_path)
    environment = {"KUBECONFIG": str(kubeconfig)}
    if namespaces is not None:
        environment["HOTPLATE_NAMESPACES"] = namespaces
    with world.operator(**environment):
        world.apply(SECRET, DEFINITIONS, feature_store_document())
        world.apply(model_deployment_document(**EVERYTHING))
        world.start_valkey()
        world.finish("plan")
        world.finish("apply")
        world.finish("materialize", count=2)
        world.finish("train")
        world.until_condition("fs", "credit-scoring", "Ready", "Ready")
        world.until_condition("md", "credit-scoring", "Progressing", "RollingOut")

        world.patch("md", "credit-scoring", {"spec": {"ingress": None}})
        world.until("the Ingress is gone", lambda: not world.find("ingress", "credit-scoring"))
        assert "cannot" not in world.log(longest=10_000_000)
