"""Faults that must end well: the API server away, objects that come late or change."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cluster.client import Cluster
from cluster.control_plane import control_plane
from cluster.settings import CRDS
from support.api.resources import feature_store_document
from support.kubernetes.operator import DEFINITIONS, Body, Namespace


def on_a_cache(name: str, project: str) -> Body:
    """Return a FeatureStore on the one cache of these tests."""
    return feature_store_document(
        name,
        project=project,
        onlineStore={"elastiCache": {"endpoint": "cache.example.com:6379"}},
        registry={"s3": {"path": "s3://bucket/registry.db"}},
        artifacts="s3://bucket/features",
    )


@pytest.mark.timeout(180)
def test_an_api_server_that_was_away_finds_the_operator_going_on(
    cluster: Cluster, tmp_path: Path
) -> None:
    """The shared cluster is asked for first, so that its absence skips this test, too."""
    (tmp_path / "plane").mkdir()
    with control_plane(tmp_path / "plane", sorted(CRDS.glob("*.yaml"))) as plane:
        ns = Namespace(plane.cluster, "default", tmp_path)
        with ns.operator() as process:
            ns.apply(DEFINITIONS, feature_store_document())
            ns.start_valkey()
            ns.until("the plan's pod", lambda: ns.job_pods("plan"))

            plane.stop_api_server()
            time.sleep(30)
            plane.start_api_server()

            ns.finish("plan")
            ns.until_condition("fs", "credit-scoring", "Applied", "Running")
            assert process.poll() is None


def test_definitions_that_change_are_planned_again(ns: Namespace) -> None:
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document())
        ns.start_valkey()
        ns.finish("plan")
        ns.finish("apply")

        ns.apply(DEFINITIONS | {"data": {"features.py": "# another"}})

        ns.finish("plan")
        ns.until_condition("fs", "credit-scoring", "Planned", "Succeeded")


def test_two_projects_that_endanger_each_other_are_refused_by_name(ns: Namespace) -> None:
    with ns.operator():
        ns.apply(DEFINITIONS, on_a_cache("old", "prod"))
        ns.until("its preflight", lambda: ns.job_pods("preflight"))
        time.sleep(1)
        ns.apply(on_a_cache("young", "my_prod"))

        message = ns.until_condition("fs", "young", "Ready", "ProjectConflict")

        assert "project prod of FeatureStore" in message
        ns.apply(on_a_cache("twin", "prod"))
        assert "FeatureStore" in ns.until_condition("fs", "twin", "Ready", "ProjectConflict")
        assert ns.condition("fs", "old", "Ready")[1] != "ProjectConflict"


def test_an_operator_that_is_killed_again_and_again_does_each_job_once(ns: Namespace) -> None:
    """Killed after ever longer moments, it is interrupted between different calls."""
    ns.apply(DEFINITIONS, feature_store_document())
    for tenths in range(20, 40, 4):
        with ns.operator() as process:
            time.sleep(tenths / 10)
            process.kill()
    with ns.operator():
        ns.start_valkey()
        ns.finish("plan")
        ns.finish("apply")
        ns.finish("materialize", count=2)
        ns.until_condition("fs", "credit-scoring", "Ready", "Ready")

    assert len(ns.get("jobs")["items"]) == 4


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ("", "NoResult"),
        ('{"result": "Planned", "planHash"', "InvalidResult"),
        ('{"result": "Planned"}', "InvalidResult"),
    ],
    ids=["none", "broken", "without its figures"],
)
def test_an_invalid_result_is_reported_and_not_used(
    ns: Namespace, result: str, reason: str
) -> None:
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document())
        ns.start_valkey()
        (pod,) = ns.until("the plan's pod", lambda: ns.job_pods("plan"))
        ns.end(pod, result, 0)

        message = ns.until_condition("fs", "credit-scoring", "Planned", reason)

        assert "is its image of Hotplate's version?" in message


def test_what_happens_to_a_jobs_pod_is_reported_with_what_to_do(ns: Namespace) -> None:
    """No image, a Job deleted by hand, too little memory, eviction: one after another."""
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document())
        ns.start_valkey()

        pod, job = plan_pod(ns)
        waiting = {"reason": "ImagePullBackOff", "message": "no such image: hotplate/jobs:9"}
        ns.patch("pod", pod["metadata"]["name"], waits_for(waiting), status=True)
        message = until_said(ns, "no such image")
        assert "check its name and imagePullSecrets" in message

        ns.delete("job", job)
        pod, job = plan_pod(ns, other_than=pod)
        ns.fail_job(pod, "", 137, "OOMKilled")
        message = ns.until_condition("fs", "credit-scoring", "Planned", "OOMKilled")
        assert "raise the memory limit" in message

        ns.delete("job", job)
        pod, job = plan_pod(ns, other_than=pod)
        ns.patch("job", job, {"spec": {"backoffLimit": 0}})
        evicted = {"phase": "Failed", "reason": "Evicted", "message": "the node was low on memory"}
        ns.patch("pod", pod["metadata"]["name"], {"status": evicted}, status=True)
        message = ns.until_condition("fs", "credit-scoring", "Planned", "Evicted")
        assert "the node was low on memory: the node ran short: set requests" in message

        ns.delete("job", job)
        pod, job = plan_pod(ns, other_than=pod)
        ns.fail_job(pod, "line 1\nline 2\nthe last line")
        message = ns.until_condition("fs", "credit-scoring", "Planned", "JobFailed")
        assert "line 2; the last line" in message


def plan_pod(ns: Namespace, other_than: Body | None = None) -> tuple[Body, str]:
    """Return the pod of the plan's Job, and the Job's name, once there is another one."""
    old = other_than["metadata"]["uid"] if other_than else None

    def found() -> list[Body]:
        return [pod for pod in ns.job_pods("plan") if pod["metadata"]["uid"] != old]

    (pod,) = ns.until("the plan's pod", found)
    return pod, pod["metadata"]["labels"]["batch.kubernetes.io/job-name"]


def waits_for(waiting: Body) -> Body:
    """Return the status of a Job's pod whose first container waits."""
    container = {"name": "definitions", "image": "x", "imageID": "", "ready": False}
    state = {"restartCount": 0, "state": {"waiting": waiting}}
    return {"status": {"phase": "Pending", "initContainerStatuses": [container | state]}}


def until_said(ns: Namespace, part: str) -> str:
    """Return the message of `Planned` once it has that part."""

    def said() -> str | None:
        message = ns.condition("fs", "credit-scoring", "Planned")[2]
        return message if part in message else None

    message: str = ns.until(f"Planned says {part}", said)
    return message
