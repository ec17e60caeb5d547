"""Faults that must end well: the API server away, objects that come late or change."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cluster.client import Cluster
from cluster.control_plane import control_plane
from cluster.settings import CRDS
from operator_world import Body, World
from resources import feature_store_document

DEFINITIONS: Body = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "credit-features"},
    "data": {"features.py": ""},
}


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


def test_a_broken_result_is_told_and_not_believed(world: World) -> None:
    with world.operator():
        world.apply(DEFINITIONS, feature_store_document())
        world.start_valkey()
        (pod,) = world.until("the plan's pod", lambda: world.job_pods("plan"))
        world.end(pod, '{"result": "Planned", "planHash"', 0)

        message = world.until_condition("fs", "credit-scoring", "Planned", "InvalidResult")

        assert "is its image of Hotplate's version?" in message


def test_a_result_without_its_figures_is_told_and_not_believed(world: World) -> None:
    with world.operator():
        world.apply(DEFINITIONS, feature_store_document())
        world.start_valkey()
        (pod,) = world.until("the plan's pod", lambda: world.job_pods("plan"))
        world.end(pod, '{"result": "Planned"}', 0)

        world.until_condition("fs", "credit-scoring", "Planned", "InvalidResult")
