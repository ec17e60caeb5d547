"""Faults that must end well: the API server away, objects that come late or change."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cluster.client import Cluster
from cluster.control_plane import control_plane
from cluster.settings import CRDS
from support.kubernetes.operator import DEFINITIONS, Body, World
from support.resources import feature_store_document


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
        world = World(plane.cluster, "default", tmp_path)
        with world.operator() as process:
            world.apply(DEFINITIONS, feature_store_document())
            world.start_valkey()
            world.until("the plan's pod", lambda: world.job_pods("plan"))

            plane.stop_api_server()
            time.sleep(30)
            plane.start_api_server()

            world.finish("plan")
            world.until_condition("fs", "credit-scoring", "Applied", "Running")
            assert process.poll() is None


def test_definitions_that_change_are_planned_again(world: World) -> None:
    with world.operator():
        world.apply(DEFINITIONS, feature_store_document())
        world.start_valkey()
        world.finish("plan")
        world.finish("apply")

        world.apply(DEFINITIONS | {"data": {"features.py": "# another"}})

        world.finish("plan")
        world.until_condition("fs", "credit-scoring", "Planned", "Succeeded")


def test_two_projects_that_endanger_each_other_are_refused_by_name(world: World) -> None:
    with world.operator():
        world.apply(DEFINITIONS, on_a_cache("old", "prod"))
        world.until("its preflight", lambda: world.job_pods("preflight"))
        time.sleep(1)
        world.apply(on_a_cache("young", "my_prod"))

        message = world.until_condition("fs", "young", "Ready", "ProjectConflict")

        assert "project prod of FeatureStore" in message
        world.apply(on_a_cache("twin", "prod"))
        assert "FeatureStore" in world.until_condition("fs", "twin", "Ready", "ProjectConflict")
        assert world.condition("fs", "old", "Ready")[1] != "ProjectConflict"


def test_an_operator_that_is_killed_again_and_again_does_each_job_once(world: World) -> None:
    """Killed after ever longer moments, it is interrupted between different calls."""
    world.apply(DEFINITIONS, feature_store_document())
    for tenths in range(20, 40, 4):
        with world.operator() as process:
            time.sleep(tenths / 10)
            process.kill()
    with world.operator():
        world.start_valkey()
        world.finish("plan")
        world.finish("apply")
        world.finish("materialize", count=2)
        world.until_condition("fs", "credit-scoring", "Ready", "Ready")

    assert len(world.get("jobs")["items"]) == 4


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ("", "NoResult"),
        ('{"result": "Planned", "planHash"', "InvalidResult"),
        ('{"result": "Planned"}', "InvalidResult"),
    ],
    ids=["none", "broken", "without its figures"],
)
def test_a_result_that_is_none_is_told_and_not_believed(
    world: World, result: str, reason: str
) -> None:
    with world.operator():
        world.apply(DEFINITIONS, feature_store_document())
        world.start_valkey()
        (pod,) = world.until("the plan's pod", lambda: world.job_pods("plan"))
        world.end(pod, result, 0)

        message = world.until_condition("fs", "credit-scoring", "Planned", reason)

        assert "is its image of Hotplate's version?" in message


def test_what_happens_to_a_job_s_pod_is_told_with_what_to_do(world: World) -> None:
    """No image, a Job deleted by hand, too little memory, eviction: one after another."""
    with world.operator():
        world.apply(DEFINITIONS, feature_store_document())
        world.start_valkey()

        pod, job = plan_pod(world)
        waiting = {"reason": "ImagePullBackOff", "message": "no such image: hotplate/jobs:9"}
        world.patch("pod", pod["metadata"]["name"], waits_for(waiting), status=True)
        message = until_said(world, "no such image")
        assert "check its name and imagePullSecrets" in message

        world.delete("job", job)
        pod, job = plan_pod(world, other_than=pod)
        world.fail_job(pod, "", 137, "OOMKilled")
        message = world.until_condition("fs", "credit-scoring", "Planned", "OOMKilled")
        assert "raise the memory limit" in message

        world.delete("job", job)
        pod, job = plan_pod(world, other_than=pod)
        world.patch("job", job, {"spec": {"backoffLimit": 0}})
        evicted = {"phase": "Failed", "reason": "Evicted", "message": "the node was low on memory"}
        world.patch("pod", pod["metadata"]["name"], {"status": evicted}, status=True)
        message = world.until_condition("fs", "credit-scoring", "Planned", "Evicted")
        assert "the node was low on memory: the node ran short: set requests" in message

        world.delete("job", job)
        pod, job = plan_pod(world, other_than=pod)
        world.fail_job(pod, "line 1\nline 2\nthe last line")
        message = world.until_condition("fs", "credit-scoring", "Planned", "JobFailed")
        assert "line 2; the last line" in message


def plan_pod(world: World, other_than: Body | None = None) -> tuple[Body, str]:
    """Return the pod of the plan's Job, and the Job's name, once there is another one."""
    old = other_than["metadata"]["uid"] if other_than else None

    def found() -> list[Body]:
        return [pod for pod in world.job_pods("plan") if pod["metadata"]["uid"] != old]

    (pod,) = world.until("the plan's pod", found)
    return pod, pod["metadata"]["labels"]["batch.kubernetes.io/job-name"]


def waits_for(waiting: Body) -> Body:
    """Return the status of a Job's pod whose first container waits."""
    container = {"name": "definitions", "image": "x", "imageID": "", "ready": False}
    state = {"restartCount": 0, "state": {"waiting": waiting}}
    return {"status": {"phase": "Pending", "initContainerStatuses": [container | state]}}


def until_said(world: World, part: str) -> str:
    """Return the message of `Planned` once it has that part."""

    def said() -> str | None:
        message = world.condition("fs", "credit-scoring", "Planned")[2]
        return message if part in message else None

    message: str = world.until(f"Planned says {part}", said)
    return message
