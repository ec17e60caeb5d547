"""`hotplate plan` and `hotplate status` on a real API server."""

from __future__ import annotations

import http.server
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from support.api.resources import feature_store_document, model_deployment_document
from support.kubernetes.kstatus import kstatus
from support.kubernetes.operator import Body, Namespace

DIGEST = "sha256:" + "0a" * 32
SINCE = "2026-11-24T00:00:00Z"


def condition(kind: str, status: str, reason: str, message: str = "") -> Body:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": 1,
        "lastTransitionTime": SINCE,
    }


STORE_STATUS: Body = {
    "observedGeneration": 1,
    "revision": {
        "id": "1f1f1f1f1f1f",
        "planHash": DIGEST,
        "readPlan": DIGEST,
        "appliedAt": SINCE,
    },
    "plan": {"hash": DIGEST, "create": 2, "update": 0, "delete": 0, "summary": ["create view a"]},
    "freshViews": "1/2",
    "oldestWatermark": SINCE,
    "views": [
        {"name": "credit_history", "watermark": SINCE, "rows": 1200},
        {
            "name": "zipcode_features",
            "lastRun": {"job": "j", "result": "OOMKilled", "message": "raise the memory limit"},
        },
    ],
    "conditions": [condition("Ready", "False", "JobFailed", "Job j: OOMKilled")],
}
MODEL_STATUS: Body = {
    "observedGeneration": 1,
    "model": {"version": "credit_scoring:abc", "artifact": DIGEST},
    "training": {
        "run": {"job": "t", "result": "Succeeded"},
        "version": "credit_scoring:abc",
        "metrics": {"roc_auc": 0.81},
    },
    "stable": {"revision": "r", "image": "i", "model": "credit_scoring:abc", "ready": "2/2"},
    "url": "http://credit-scoring.ml.svc:3000",
    "conditions": [condition("Ready", "True", "ReplicasAvailable", "2 of 2 pods are available")],
}


def hotplate(kubeconfig: Path, *arguments: str) -> tuple[int, str]:
    """Run the command; return its exit code and all that it wrote."""
    done = subprocess.run(
        [sys.executable, "-m", "hotplate.cli", *arguments],
        env=os.environ | {"KUBECONFIG": str(kubeconfig), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def with_status(ns: Namespace, kind: str, name: str, status: Body) -> None:
    ns.patch(kind, name, {"status": status}, status=True)


@pytest.fixture
def reported(ns: Namespace) -> Namespace:
    """Both resources with the status that an operator gave them."""
    ns.apply(feature_store_document(), model_deployment_document())
    with_status(ns, "fs", "credit-scoring", STORE_STATUS)
    with_status(ns, "md", "credit-scoring", MODEL_STATUS)
    return ns


def test_status_shows_views_models_and_what_is_wrong(reported: Namespace) -> None:
    code, text = hotplate(reported.cluster.kubeconfig, "status", "-n", reported.name)

    assert code == 0, text
    assert "credit-scoring: not ready, JobFailed: Job j: OOMKilled" in text
    assert "revision 1f1f1f1f1f1f" in text
    lines = [line.split() for line in text.splitlines()]
    history = next(line for line in lines if line[:1] == ["credit_history"])
    assert (history[1:3], history[-1]) == (["2026-11-24", "00:00:00"], "1,200")
    assert ["zipcode_features", "never"] in lines
    assert "zipcode_features: Job j: OOMKilled: raise the memory limit" in text
    assert "model credit_scoring:abc (roc_auc 0.81)" in text
    assert "2/2 pods at http://credit-scoring.ml.svc:3000; ready" in text


def test_status_takes_the_namespace_of_the_context(reported: Namespace, tmp_path: Path) -> None:
    config = yaml.safe_load(reported.cluster.kubeconfig.read_text())
    (context,) = config["contexts"]
    context["context"]["namespace"] = reported.name
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))

    code, text = hotplate(kubeconfig, "status", "--context", context["name"], "credit-scoring")

    assert code == 0, text
    assert "revision 1f1f1f1f1f1f" in text


def test_plan_shows_what_the_operator_planned_and_what_became_of_it(reported: Namespace) -> None:
    code, text = hotplate(reported.cluster.kubeconfig, "plan", "-n", reported.name)

    assert code == 0, text
    assert text.splitlines() == [
        "create view a",
        "2 to create, 0 to update, 0 to delete",
        "Applied at 2026-11-24 00:00:00 UTC, revision 1f1f1f1f1f1f",
    ]


def test_a_plan_that_waits_for_approval_says_how(reported: Namespace) -> None:
    blocked = {"hash": "sha256:" + "0b" * 32, "create": 0, "update": 0, "delete": 3}
    applied = condition("Applied", "False", "ApplyBlocked", "the plan deletes 3 Feast objects")
    status = STORE_STATUS | {
        "plan": blocked | {"summary": ["delete view a"]},
        "conditions": [applied],
    }
    with_status(reported, "fs", "credit-scoring", status)

    code, text = hotplate(reported.cluster.kubeconfig, "plan", "-n", reported.name)

    assert code == 0, text
    assert f"until spec.apply.approve is {blocked['hash']}" in text
    assert "Not applied: ApplyBlocked" in text

    code, text = hotplate(reported.cluster.kubeconfig, "approve", "-n", reported.name, "--yes")

    assert code == 0, text
    assert f"Approved: spec.apply.approve is {blocked['hash']}" in text
    spec = reported.get("fs", "credit-scoring")["spec"]
    assert spec["apply"] == {"maxDeletions": 0, "approve": blocked["hash"]}


def test_only_a_blocked_plan_can_be_approved(reported: Namespace) -> None:
    code, text = hotplate(reported.cluster.kubeconfig, "approve", "-n", reported.name, "--yes")

    assert code == 1
    assert "no plan to approve: Applied at 2026-11-24" in text


def columns(ns: Namespace, kind: str, *flags: str) -> dict[str, str]:
    """Return what `kubectl get` prints of the one resource, by column."""
    namespace = f"--namespace={ns.name}"
    titles, values = ns.cluster.kubectl("get", kind, namespace, *flags).splitlines()
    starts = [match.start() for match in re.finditer(r"\S+", titles)]
    ends = [*starts[1:], None]
    return {
        titles[start:end].strip(): values[start:end].strip()
        for start, end in zip(starts, ends, strict=True)
    }


def test_kubectl_prints_what_an_engineer_on_call_looks_for(reported: Namespace) -> None:
    store = columns(reported, "featurestores")
    assert list(store) == ["NAME", "READY", "REVISION", "VIEWS", "STALEST", "AGE"]
    assert (store["READY"], store["REVISION"], store["VIEWS"]) == ("False", "1f1f1f1f1f1f", "1/2")
    assert re.fullmatch(r"\d+[dhmy].*", store["STALEST"])
    assert columns(reported, "featurestores", "--output=wide")["REASON"] == "JobFailed"

    model = columns(reported, "modeldeployments")
    assert list(model) == ["NAME", "READY", "MODEL", "STABLE", "AGE"]
    assert (model["READY"], model["MODEL"], model["STABLE"]) == (
        "True",
        "credit_scoring:abc",
        "2/2",
    )
    assert columns(reported, "modeldeployments", "-o=wide")["REASON"] == "ReplicasAvailable"


def test_a_resource_that_no_operator_has_seen_is_not_taken_as_ready(ns: Namespace) -> None:
    ns.apply(feature_store_document())

    body = ns.get("fs", "credit-scoring")
    assert kstatus(body) == "InProgress"
    assert columns(ns, "fs")["READY"] == "Unknown"
    code, text = hotplate(ns.cluster.kubeconfig, "status", "-n", ns.name)
    assert (code, text.strip()) == (
        0,
        "credit-scoring: no operator has reconciled it yet: is one watching its namespace?",
    )


@pytest.mark.parametrize("command", ["plan", "status"])
def test_a_name_that_is_not_there_is_refused_with_those_that_are(
    reported: Namespace, command: str
) -> None:
    code, text = hotplate(
        reported.cluster.kubeconfig, command, "-n", reported.name, "fraud-scoring"
    )

    assert code == 1
    assert "fraud-scoring; it has credit-scoring" in text


def test_several_feature_stores_want_a_name(reported: Namespace) -> None:
    reported.apply(feature_store_document("other", project="other"))

    code, text = hotplate(reported.cluster.kubeconfig, "plan", "-n", reported.name)
    assert code == 1
    assert "name one of credit-scoring, other" in text

    code, text = hotplate(reported.cluster.kubeconfig, "plan", "-n", reported.name, "other")
    assert code == 1
    assert "FeatureStore other has no plan yet: no operator has reconciled it" in text


def test_who_may_not_list_is_told_so(ns: Namespace, tmp_path: Path) -> None:
    namespace = f"--namespace={ns.name}"
    ns.cluster.kubectl("create", "serviceaccount", "nobody", namespace)
    token = ns.cluster.kubectl("create", "token", "nobody", namespace).strip()
    config = yaml.safe_load(ns.cluster.kubeconfig.read_text())
    for user in config["users"]:
        user["user"] = {"token": token}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))

    code, text = hotplate(kubeconfig, "status", "-n", ns.name)

    assert code == 1
    assert f"you may not list FeatureStores in namespace {ns.name}" in text


class NotFound(http.server.BaseHTTPRequestHandler):
    """An API server that knows none of our kinds."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture
def other_server() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), NotFound)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def kubeconfig_of(server: str, folder: Path) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "current-context": "c",
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def test_a_cluster_without_hotplate_is_told_so(other_server: str, tmp_path: Path) -> None:
    code, text = hotplate(kubeconfig_of(other_server, tmp_path), "status", "-n", "ml")

    assert code == 1
    assert "has no hotplate.dev/v1alpha1 resources; install Hotplate first" in text


def test_a_cluster_that_does_not_answer_is_named(tmp_path: Path) -> None:
    code, text = hotplate(kubeconfig_of("http://127.0.0.1:9", tmp_path), "plan", "-n", "ml")

    assert code == 1
    assert "the API server at http://127.0.0.1:9 does not answer" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("status", "-n", "ml"), "no cluster configured"),
        (("plan", "--context", "prod"), "no cluster configured"),
        (("plan",), "expected a manifest, or -n NAMESPACE for a cluster"),
        (("plan", "credit-scoring"), "on a cluster use -n NAMESPACE credit-scoring"),
        (
            ("status", "credit-scoring"),
            "credit-scoring needs -n NAMESPACE; for a local state folder use --state",
        ),
        (("status", "-n", "ml", "--state", "x"), "cannot be combined with -n or --context"),
    ],
)
def test_a_command_that_cannot_be_meant_says_what_is_expected(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    code, text = hotplate(tmp_path / "missing", *arguments)

    assert code == 1
    assert said in " ".join(text.split())
    assert "Traceback" not in text
