"""The Helm chart renders what it should, grants no more than it must, and a real API accepts it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml

from cluster.binaries import binary
from cluster.chart import CASES, CHART, golden, helm_template, rendered
from cluster.client import Cluster, Manifest
from cluster.processes import CommandFailedError, output_of
from cluster.settings import CRDS
from hotplate.api.v1alpha1 import names
from hotplate.controller.kube.paths import plural
from hotplate.controller.observe.children import child_keys
from hotplate.controller.settings import OperatorSettings
from hotplate.controller.watch import CHILDREN
from support.api.resources import feature_store, model_deployment

READ_OR_WRITTEN = {"Event", "Job", "Pod", "Secret"}
"""Kinds that the operator uses besides its resources and their children."""

DEFINITIONS = sorted(CRDS.glob("*.yaml"))


def of_kind(kind: str, manifests: list[Manifest]) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def operator_rules(manifests: list[Manifest], kind: str = "Role") -> list[Manifest]:
    (role,) = (role for role in of_kind(kind, manifests) if role["metadata"]["name"] == "hotplate")
    rules: list[Manifest] = role["rules"]
    return rules


def pod_specs(manifests: list[Manifest]) -> list[Manifest]:
    return [
        manifest["spec"]["template"]["spec"]
        for manifest in manifests
        if manifest["kind"] in {"Deployment", "Job"}
    ]


@pytest.mark.parametrize("case", CASES)
def test_the_chart_renders_as_its_golden_file_says(case: str) -> None:
    path, text = golden(case)
    assert path.read_text() == text, "write it again: PYTHONPATH=tests python -m cluster golden"


def test_helm_lint_has_nothing_to_say() -> None:
    output_of([binary("helm"), "lint", "--strict", CHART])


def test_the_chart_carries_the_very_definitions_and_keeps_them() -> None:
    manifests = {
        manifest["metadata"]["name"]: manifest
        for manifest in of_kind("CustomResourceDefinition", rendered({}))
    }
    assert len(manifests) == len(DEFINITIONS) == 2
    for path in DEFINITIONS:
        written = yaml.safe_load(path.read_text())
        manifest = manifests[written["metadata"]["name"]]
        assert manifest["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
        assert manifest == written


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"replicas": 2}, "replicas"),
        ({"resyncSeconds": 0}, "/resyncSeconds"),
        ({"watch": {"cluster": True, "namespaces": ["a"]}}, "/watch/namespaces"),
        ({"metrics": {"enabled": "yes"}}, "/metrics/enabled"),
        ({"metrics": {"serviceMonitor": {"interval": "5s"}}}, "/metrics/serviceMonitor"),
        ({"images": {"pullPolicy": "Sometimes"}}, "/images/pullPolicy"),
    ],
)
def test_values_that_mean_nothing_are_refused(values: Manifest, named: str) -> None:
    with pytest.raises(CommandFailedError, match=named):
        helm_template(values)


@pytest.mark.parametrize(("case", "kind"), [("default", "Role"), ("cluster-wide", "ClusterRole")])
def test_the_operator_may_read_secrets_by_name_only_and_run_nothing_in_pods(
    case: str, kind: str
) -> None:
    rules = operator_rules(rendered(CASES[case]), kind)
    verbs = {resource: set(rule["verbs"]) for rule in rules for resource in rule["resources"]}
    assert verbs["secrets"] == {"get"}
    assert not any(
        "*" in {*rule["apiGroups"], *rule["resources"], *rule["verbs"]} for rule in rules
    )
    assert not {"pods/exec", "roles", "rolebindings", "serviceaccounts"} & set(verbs)
    assert not verbs["featurestores"] & {"create", "update", "delete"}


def test_the_operator_has_a_right_on_every_kind_that_it_knows_and_on_no_other() -> None:
    granted = {
        resource.partition("/")[0]
        for rule in operator_rules(rendered({}))
        for resource in rule["resources"]
    }
    children = {
        key.kind for owner in (feature_store(), model_deployment()) for key in child_keys(owner)
    }
    watched = {resource for _, _, resource in CHILDREN}
    resources = {names.FEATURE_STORES, names.MODEL_DEPLOYMENTS}
    assert granted == resources | {plural(kind) for kind in children | READ_OR_WRITTEN} | watched


def test_every_setting_of_the_operator_comes_from_the_chart() -> None:
    values = {
        "watch": {"namespaces": ["a", "b"]},
        "images": {
            "jobs": {"repository": "j", "tag": "1"},
            "serving": {"repository": "s", "tag": "3"},
            "valkey": {"repository": "v", "tag": "2"},
        },
        "resyncSeconds": 60,
    }
    (deployment,) = of_kind("Deployment", rendered(values))
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    settings = OperatorSettings.from_environment(environment)
    assert settings.namespaces == ("a", "b")
    images = (settings.jobs_image, settings.serving_image, settings.valkey_image)
    assert images == ("j:1", "s:3", "v:2")
    assert settings.resync.total_seconds() == 60
    assert settings.liveness.endswith(":8080/healthz")
    assert settings.metrics == "0.0.0.0:8081"


def test_every_value_is_read_by_a_template() -> None:
    templates = "".join(path.read_text() for path in (CHART / "templates").iterdir())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    unread = [path for path in paths(values) if not is_read(path, templates)]
    assert unread == []


def paths(values: Manifest, above: str = ".Values") -> Iterator[str]:
    """Yield the path of every value, as a template writes it."""
    for name, value in values.items():
        path = f"{above}.{name}"
        yield from paths(value, path) if isinstance(value, dict) and value else (path,)


def is_read(path: str, templates: str) -> bool:
    """Return whether a template reads the value, or a map that it is in."""
    parts = path.split(".")
    ways = (".".join(parts[:length]) for length in range(3, len(parts) + 1))
    return any(re.search(rf"{re.escape(way)}(?![\w.])", templates) for way in ways)


def test_one_operator_runs_at_a_time() -> None:
    (deployment,) = of_kind("Deployment", rendered({}))
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize("case", CASES)
def test_a_real_api_accepts_every_manifest_under_the_restricted_pod_security_standard(
    case: str, cluster: Cluster, namespace: str
) -> None:
    cluster.kubectl(
        "label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"
    )
    for pod in pod_specs(rendered(CASES[case])):
        spec = {"restartPolicy": "Never", **pod, "serviceAccountName": "default"}
        apply(cluster, namespace, {"apiVersion": "v1", "kind": "Pod", "spec": spec})
    for manifest in rendered(CASES[case]):
        if manifest["kind"] not in {"CustomResourceDefinition", "PrometheusRule", "ServiceMonitor"}:
            apply(cluster, namespace, manifest)


def apply(cluster: Cluster, namespace: str, manifest: Manifest) -> None:
    """Have the API server validate a manifest as if it were applied; an unknown field fails."""
    metadata = {"name": "checked", **manifest.get("metadata", {})}
    if manifest["kind"] not in {"ClusterRole", "ClusterRoleBinding"}:
        metadata["namespace"] = namespace
    flags = ("--server-side", "--dry-run=server", "--validate=strict", "--filename=-")
    cluster.kubectl("apply", *flags, stdin=json.dumps(manifest | {"metadata": metadata}))


def test_the_hook_removes_the_finalizer_and_leaves_those_of_others(
    cluster: Cluster, namespace: str
) -> None:
    cluster.kubectl("create", "deployment", "hotplate", "--image=none", "-n", namespace)
    store = yaml.safe_load(
        next((CHART.parents[1] / "examples").glob("credit*")).read_text().split("---")[0]
    )
    finalizers = [names.FINALIZER, "example.com/other"]
    store["metadata"] |= {"namespace": namespace, "finalizers": finalizers}
    cluster.apply(store)
    environment = {
        "KUBECONFIG": str(cluster.kubeconfig),
        "HOTPLATE_NAMESPACES": namespace,
        "OPERATOR_NAMESPACE": namespace,
        "OPERATOR_NAME": "hotplate",
    }
    subprocess.run(
        [sys.executable, CHART / "files/before_delete.py"], env=os.environ | environment, check=True
    )
    found = cluster.get("featurestore", store["metadata"]["name"], "-n", namespace)
    assert found["metadata"]["finalizers"] == ["example.com/other"]
    assert cluster.get("deployment", "hotplate", "-n", namespace)["spec"]["replicas"] == 0
    clear = '{"metadata": {"finalizers": null}}'
    cluster.kubectl(
        "patch",
        "featurestore",
        store["metadata"]["name"],
        "-n",
        namespace,
        "--type=merge",
        "-p",
        clear,
    )
