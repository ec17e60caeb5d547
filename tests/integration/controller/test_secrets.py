"""Secrets are planted, jobs do their real work and fail: nothing that can be read has a secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hotplate.online.feast.acl import acl_rules
from support.api.resources import feature_store_document, model_deployment_document
from support.feast.small_repository import PROJECT, SERVICE, make_repository
from support.kubernetes.operator import Body, Namespace
from support.kubernetes.process_pods import Ended, ProcessPod
from support.leaks import leaks
from support.valkey.certificates import certificate
from support.valkey.elasticache import guard, set_user, tls_ends
from support.valkey.iam_users import IamUsers
from support.valkey.server import valkey_server

PASSWORD = "planted-password,a=b"
WRONG = "planted-rotation,c=d"
AWS_SECRET = "planted/aws+secret"
SQL_PASSWORD = "planted-sql-password"
PLANTED = (PASSWORD, WRONG, AWS_SECRET, SQL_PASSWORD)
READABLE = (
    "featurestores",
    "modeldeployments",
    "jobs",
    "deployments",
    "replicasets",
    "pods",
    "configmaps",
    "events",
)
TOLD = ("featurestores", "pods", "events")
"""Where the refused login is reported: status, termination message and Event."""


class Kubelet:
    """Runs the pods of Jobs as processes, with the Secrets that they name, and keeps their logs."""

    def __init__(self, ns: Namespace, folder: Path) -> None:
        self._ns, self._folder = ns, folder
        self.secrets: dict[str, dict[str, str]] = {}
        self.logs: list[str] = []

    def apply(self, name: str, **data: str) -> None:
        """Make a Secret, or change it."""
        self.secrets[name] = data
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
        self._ns.apply(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded}
        )

    def run(self, job: str, store: str) -> Ended:
        """Run the one pod of that kind of Job of a FeatureStore, and report how it ended."""
        ns = self._ns
        pod = ns.until(f"a pod of Job {job} of {store}", lambda: self._pod(job, store))
        files = {each["metadata"]["name"]: each.get("data", {}) for each in _items(ns)}
        folder = self._folder / pod["metadata"]["name"]
        ended = ProcessPod(pod, folder, files, {}, self.secrets).run()
        self.logs.append(ended.log)
        if ended.exit_code:
            ns.fail_job(pod, ended.message)
        else:
            ns.end(pod, ended.message, 0)
        return ended

    def _pod(self, job: str, store: str) -> Body | None:
        pods = self._ns.job_pods(job)
        return next((pod for pod in pods if pod["metadata"]["name"].startswith(store)), None)


def _items(ns: Namespace) -> list[Body]:
    found: list[Body] = ns.get("configmaps")["items"]
    return found


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """A cache with TLS and a user of least privilege: its port, and its CA in PEM."""
    made = certificate(tmp_path)
    with valkey_server() as server:
        guard([server])
        set_user([server], "jobs", acl_rules(PROJECT), PASSWORD)
        with tls_ends([server], made, IamUsers()) as (end,):
            yield end.port, made.authority.read_text()


def store(name: str, port: int, folder: Path, registry: str) -> Body:
    """Return a FeatureStore of which every login is in a Secret."""

    def key(secret: str, of: str) -> dict[str, str]:
        return {"name": secret, "key": of}

    cache: dict[str, Any] = {
        "endpoint": f"127.0.0.1:{port}",
        "mode": "Standalone",
        "tls": {"caSecretRef": key("ca", "ca.pem")},
        "auth": {
            "usernameSecretRef": key("cache", "user"),
            "passwordSecretRef": key("cache", "password"),
        },
    }
    secret = {"name": "AWS_SECRET_ACCESS_KEY", "secretKeyRef": key("aws", "secret")}
    return feature_store_document(
        name,
        project=PROJECT,
        definitions={"image": {"path": str(folder / "shops" / "repo")}},
        onlineStore={"elastiCache": cache},
        registry={"sql": {"secretRef": key(registry, "url")}},
        artifacts=f"file://{folder / 'artifacts'}",
        jobs={"image": "hotplate/jobs:0.1.0", "env": [secret]},
        materialization={"views": [{"name": "surroundings"}], "onFailure": {"retries": 0}},
    )


@pytest.mark.timeout(300)
def test_no_secret_is_in_specs_logs_events_status_or_termination_messages(
    ns: Namespace, tmp_path: Path, cache: tuple[int, str]
) -> None:
    port, authority = cache
    make_repository(tmp_path / "shops", "")
    kubelet = Kubelet(ns, tmp_path / "pods")
    kubelet.apply("cache", user="jobs", password=PASSWORD)
    kubelet.apply("ca", **{"ca.pem": authority})
    kubelet.apply("aws", secret=AWS_SECRET)
    kubelet.apply("registry", url=f"sqlite:///{tmp_path}/registry.db")
    unreachable = f"postgresql+psycopg://feast:{SQL_PASSWORD}@127.0.0.1:1/registry"
    kubelet.apply("away", url=unreachable)

    with ns.operator():
        ns.apply(store("works", port, tmp_path, "registry"))
        for job in ("preflight", "plan", "apply", "materialize"):
            ended = kubelet.run(job, "works")
            assert ended.exit_code == 0, ended.log
        ns.until_condition("fs", "works", "Ready", "Ready")
        ns.apply(model())
        (service,) = ns.get("fs", "works")["status"]["revision"]["services"]
        ns.finish("train", serviceHash=service["hash"])
        ns.until("scoring pods", lambda: readable(ns)["deployments"].count("HOTPLATE"))

        kubelet.apply("cache", user="jobs", password=WRONG)
        assert kubelet.run("preflight", "works").exit_code == 1
        ns.until_condition("fs", "works", "OnlineStoreReachable", "OnlineStoreRefused")
        ns.until("the Event", lambda: "WRONGPASS" in readable(ns)["events"])
        found = readable(ns)
        assert [kind for kind in TOLD if "WRONGPASS" not in found[kind]] == []
        assert '"cache"' in found["deployments"]
        assert leaks(PLANTED, found) == []

        kubelet.apply("cache", user="jobs", password=PASSWORD)
        ns.delete("fs", "works")
        ns.apply(store("away", port, tmp_path, "away"))
        assert kubelet.run("preflight", "away").exit_code == 1
        ns.until_condition("fs", "away", "RegistryReachable", "RegistryUnreachable")
        found = readable(ns)

    found["log of the operator"] = ns.log(longest=10**7)
    found["logs of the Jobs"] = "\n".join(kubelet.logs)
    assert "WRONGPASS" in found["logs of the Jobs"]
    assert leaks(PLANTED, found) == []


def readable(ns: Namespace) -> dict[str, str]:
    """Return what a user who may read everything but Secrets reads, by kind."""
    return {kind: json.dumps(ns.get(kind)["items"]) for kind in READABLE}


def model() -> Body:
    """Return a ModelDeployment on the store that works."""
    return model_deployment_document(
        "works", featureStoreRef={"name": "works"}, featureService=SERVICE
    )
