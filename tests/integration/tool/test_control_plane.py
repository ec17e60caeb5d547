"""The control plane that the tests run against does what they rely on."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.client import Cluster, Manifest
from cluster.control_plane import control_plane
from cluster.processes import CommandFailedError


def widget(namespace: str, size: int, **metadata: object) -> Manifest:
    return {
        "apiVersion": "test.hotplate.dev/v1",
        "kind": "Widget",
        "metadata": {"name": "one", "namespace": namespace, **metadata},
        "spec": {"size": size},
    }


@pytest.fixture(scope="module")
def widgets(cluster: Cluster) -> Cluster:
    """A kind of resource of the tests' own, with a rule for its values and one for its changes."""
    rules = [
        {"rule": "self.size < 10", "message": "size must be under 10"},
        {"rule": "self.size >= oldSelf.size", "message": "size never shrinks"},
    ]
    spec = {
        "type": "object",
        "properties": {"size": {"type": "integer"}},
        "x-kubernetes-validations": rules,
    }
    schema = {"type": "object", "properties": {"spec": spec}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    cluster.apply(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.test.hotplate.dev"},
            "spec": {
                "group": "test.hotplate.dev",
                "names": {"kind": "Widget", "plural": "widgets"},
                "scope": "Namespaced",
                "versions": [version],
            },
        }
    )
    cluster.kubectl("wait", "--for=condition=Established", "crd/widgets.test.hotplate.dev")
    return cluster


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_a_rule_refuses_a_value_with_its_message(widgets: Cluster, namespace: str) -> None:
    with pytest.raises(CommandFailedError, match="size must be under 10"):
        widgets.apply(widget(namespace, size=11))


def test_a_transition_rule_refuses_a_change_with_its_message(
    widgets: Cluster, namespace: str
) -> None:
    widgets.apply(widget(namespace, size=5))
    with pytest.raises(CommandFailedError, match="size never shrinks"):
        widgets.apply(widget(namespace, size=4))


def test_two_field_managers_conflict(widgets: Cluster, namespace: str) -> None:
    widgets.apply(widget(namespace, size=5))
    other = ("apply", "--server-side", "--field-manager=other", "--filename=-")
    with pytest.raises(CommandFailedError, match="conflict"):
        widgets.kubectl(*other, stdin=json.dumps(widget(namespace, size=6)))


def test_a_watch_sees_a_change(widgets: Cluster, namespace: str) -> None:
    widgets.apply(widget(namespace, size=5))
    flags = ("--watch", "--output=jsonpath={.spec.size}{'\\n'}", f"--namespace={namespace}")
    command = [widgets.program, f"--kubeconfig={widgets.kubeconfig}", "get", "widgets", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        assert watch.stdout.readline() == "5\n"
        widgets.apply(widget(namespace, size=6))
        assert watch.stdout.readline() == "6\n"
        watch.terminate()


def test_what_an_object_owns_is_deleted_with_it(cluster: Cluster, namespace: str) -> None:
    def config_map(name: str, **metadata: object) -> Manifest:
        identity = {"name": name, "namespace": namespace, **metadata}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": identity}

    cluster.apply(config_map("owner"))
    uid = cluster.get("configmap", "owner", "-n", namespace)["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
    cluster.apply(config_map("owned", ownerReferences=[owner]))
    cluster.kubectl("delete", "configmap", "owner", "-n", namespace)
    listed = ("get", "configmap", "owned", "--ignore-not-found", "-n", namespace)
    assert eventually(lambda: not cluster.kubectl(*listed))


def test_a_service_account_has_the_rights_of_its_role_only(
    cluster: Cluster, namespace: str
) -> None:
    cluster.kubectl("create", "role", "r", "--verb=get", "--resource=pods", "-n", namespace)
    subject = f"--serviceaccount={namespace}:default"
    cluster.kubectl("create", "rolebinding", "r", "--role=r", subject, "-n", namespace)
    token = cluster.kubectl("create", "token", "default", "-n", namespace).strip()

    def can(verb: str) -> bool:
        try:
            question = ("auth", "can-i", verb, "pods", "-n", namespace, f"--token={token}")
            return cluster.kubectl(*question) == "yes\n"
        except CommandFailedError:
            return False

    assert can("get")
    assert not can("delete")


def test_a_deployment_becomes_a_pod(cluster: Cluster, namespace: str) -> None:
    flags = ("--image=example.invalid/none", "-n", namespace)
    cluster.kubectl("create", "deployment", "d", *flags)
    pods = ("pods", "--selector=app=d", "-n", namespace)
    assert eventually(lambda: len(cluster.get(*pods)["items"]) == 1)


def test_it_is_ready_within_seconds_and_leaves_no_process(cluster: Cluster, tmp_path: Path) -> None:
    started = time.monotonic()
    with control_plane(tmp_path) as running:
        seconds = time.monotonic() - started
        children = [process.child for process in running.processes.values()]
        assert running.cluster.get("namespace", "default")["status"]["phase"] == "Active"
    assert len(children) == 3
    assert all(child.returncode is not None for child in children)
    assert seconds < 30, f"ready after {seconds:.1f} s"


def test_what_was_written_is_there_after_the_api_server_restarts(
    cluster: Cluster, tmp_path: Path
) -> None:
    with control_plane(tmp_path) as running:
        running.cluster.kubectl("create", "namespace", "kept")
        running.stop_api_server()
        with pytest.raises(CommandFailedError, match="refused"):
            running.cluster.get("namespace", "kept")
        running.start_api_server()
        assert running.cluster.get("namespace", "kept")
