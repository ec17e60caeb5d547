"""The operator does all of its work with exactly the rights that the chart gives it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from support import ROOT
from support.api.resources import feature_store_document, model_deployment_document
from support.kubernetes.operator import DEFINITIONS, Body, Namespace

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


def rights(ns: Namespace, case: str, kind: str) -> Body:
    """Return the chart's role, under a name and in the namespace of this test."""
    documents = yaml.safe_load_all((GOLDEN / f"{case}.yaml").read_text())
    (role,) = (
        document
        for document in documents
        if document and document["kind"] == kind and document["metadata"]["name"] == "hotplate"
    )
    return role | {"metadata": {"name": ns.name}}


def bind(ns: Namespace, role: Body, folder: Path) -> Path:
    """Give the role to a ServiceAccount; return a kubeconfig that is it."""
    namespaced = {"namespace": ns.name} if role["kind"] == "Role" else {}
    role["metadata"] |= namespaced
    name = ns.name
    account = {"kind": "ServiceAccount", "name": name, "namespace": ns.name}
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
    metadata = {"name": name, "namespace": ns.name}
    ns.cluster.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}, role, binding
    )
    namespace = f"--namespace={ns.name}"
    token = ns.cluster.kubectl("create", "token", name, namespace).strip()
    config = yaml.safe_load(ns.cluster.kubeconfig.read_text())
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
    ns: Namespace, tmp_path: Path, case: str, kind: str, namespaces: str | None
) -> None:
    kubeconfig = bind(ns, rights(ns, case, kind), tmp_path)
    environment = {"KUBECONFIG": str(kubeconfig)}
    if namespaces is not None:
        environment["HOTPLATE_NAMESPACES"] = namespaces
    with ns.operator(**environment):
        ns.apply(SECRET, DEFINITIONS, feature_store_document())
        ns.apply(model_deployment_document(**EVERYTHING))
        ns.start_valkey()
        ns.finish("plan")
        ns.finish("apply")
        ns.finish("materialize", count=2)
        ns.finish("train")
        ns.until_condition("fs", "credit-scoring", "Ready", "Ready")
        ns.until_condition("md", "credit-scoring", "Progressing", "RollingOut")

        ns.patch("md", "credit-scoring", {"spec": {"ingress": None}})
        ns.until("the Ingress is gone", lambda: not ns.find("ingress", "credit-scoring"))
        assert "cannot" not in ns.log(longest=10_000_000)
