"""A FeatureStore on a real API server, with its Jobs run by the real Job controller."""

from __future__ import annotations

import time
import urllib.request

import pytest

from support.kubernetes.operator import DEFINITIONS, World
from support.resources import feature_store_document

VIEWS = [{"name": "credit_history", "maxStaleness": "3000d"}, {"name": "zipcode_features"}]


def ready(world: World) -> None:
    """Apply a FeatureStore and play the kubelets until it is ready."""
    world.apply(DEFINITIONS, feature_store_document(materialization={"views": VIEWS}))
    world.start_valkey()
    world.finish("plan")
    world.finish("apply")
    world.finish("materialize", count=2)
    world.until_condition("fs", "credit-scoring", "Ready", "Ready")


def test_a_feature_store_becomes_ready_step_by_step(world: World) -> None:
    world.apply(feature_store_document(materialization={"views": VIEWS}))
    with world.operator():
        message = world.until_condition("fs", "credit-scoring", "Ready", "ReferenceMissing")
        assert "ConfigMap/credit-features" in message
        world.apply(DEFINITIONS)
        world.until_condition("fs", "credit-scoring", "Ready", "StoreStarting")
        world.start_valkey()
        world.until_condition("fs", "credit-scoring", "Planned", "Running")
        world.finish("plan")
        world.until_condition("fs", "credit-scoring", "Applied", "Running")
        world.finish("apply")
        world.until_condition("fs", "credit-scoring", "Materialized", "NotMaterialized")
        world.finish("materialize", count=2)
        world.until_condition("fs", "credit-scoring", "Ready", "Ready")

        line = world.cluster.kubectl("get", "fs", f"--namespace={world.namespace}", "--no-headers")
        assert line.split()[:4] == ["credit-scoring", "True", "1f1f1f1f1f1f", "2/2"]
        body = world.get("fs", "credit-scoring")
        assert body["status"]["observedGeneration"] == body["metadata"]["generation"]
        assert body["metadata"].get("finalizers") is None
        assert set(body["metadata"].get("annotations", {})) == set()


def test_nothing_is_written_in_the_steady_state_and_a_restart_changes_nothing(
    world: World,
) -> None:
    with world.operator():
        ready(world)
    before = versions(world)

    with world.operator(HOTPLATE_RESYNC="0.5"):
        time.sleep(3)
        assert world.stays_as_it_is()
    assert versions(world) == before


def versions(world: World) -> dict[str, str]:
    """Return the version of everything that the operator could have written."""
    found = world.get("fs,jobs,configmaps,services,statefulsets,events")["items"]
    return {
        f"{body['kind']}/{body['metadata']['name']}": body["metadata"]["resourceVersion"]
        for body in found
        if body["metadata"]["name"] != "kube-root-ca.crt"
    }


@pytest.mark.parametrize("kind", ["service", "statefulset", "configmap"])
def test_a_child_that_is_deleted_by_hand_comes_back(world: World, kind: str) -> None:
    names = {"configmap": "credit-scoring-feature-store"}
    name = names.get(kind, "credit-scoring-valkey")
    with world.operator(HOTPLATE_RESYNC="60"):
        world.apply(DEFINITIONS, feature_store_document())
        uid = world.until(name, lambda: world.find(kind, name))["metadata"]["uid"]

        world.delete(kind, name)

        def is_back() -> bool:
            body = world.find(kind, name)
            return body is not None and body["metadata"]["uid"] != uid

        world.until(f"{name} is back", is_back)


def test_a_child_that_is_edited_by_hand_is_set_right(world: World) -> None:
    with world.operator(HOTPLATE_RESYNC="60"):
        world.apply(DEFINITIONS, feature_store_document())
        name = "credit-scoring-valkey"
        world.until(name, lambda: world.find("statefulset", name))

        world.patch("statefulset", name, {"spec": {"replicas": 3}})

        world.until("1 replica", lambda: world.get("statefulset", name)["spec"]["replicas"] == 1)


def test_a_job_that_fails_shows_its_last_lines_and_is_run_again_when_deleted(
    world: World,
) -> None:
    with world.operator():
        world.apply(DEFINITIONS, feature_store_document())
        world.start_valkey()
        (pod,) = world.until("the plan's pod", lambda: world.job_pods("plan"))
        job = pod["metadata"]["labels"]["batch.kubernetes.io/job-name"]
        world.patch("job", job, {"spec": {"activeDeadlineSeconds": 1}})

        message = world.until_condition("fs", "credit-scoring", "Planned", "DeadlineExceeded")
        assert "raise onFailure.deadline" in message

        world.delete("job", job)
        world.finish("plan")
        world.until_condition("fs", "credit-scoring", "Planned", "Succeeded")


def test_a_plan_that_deletes_too_much_waits_for_its_approval(world: World) -> None:
    with world.operator():
        world.apply(DEFINITIONS, feature_store_document(materialization={"views": VIEWS}))
        world.start_valkey()
        world.finish("plan", delete=3, summary=["delete FeatureView a"])
        message = world.until_condition("fs", "credit-scoring", "Ready", "ApplyBlocked")
        approval = message.rpartition("spec.apply.approve: ")[2]

        world.patch("fs", "credit-scoring", {"spec": {"apply": {"approve": approval}}})

        world.finish("apply", delete=3)
        world.until_condition("fs", "credit-scoring", "Applied", "Succeeded")


def test_an_operator_that_is_killed_goes_on_where_it_was(world: World) -> None:
    world.apply(DEFINITIONS, feature_store_document(materialization={"views": VIEWS}))
    with world.operator():
        world.start_valkey()
        world.until("the plan's pod", lambda: world.job_pods("plan"))
    world.finish("plan")
    with world.operator():
        world.until("the apply's pod", lambda: world.job_pods("apply"))
    world.finish("apply")
    with world.operator():
        world.finish("materialize", count=2)
        world.until_condition("fs", "credit-scoring", "Ready", "Ready")
    jobs = [job["metadata"]["labels"]["hotplate.dev/job"] for job in world.get("jobs")["items"]]
    assert sorted(jobs) == ["apply", "materialize", "materialize", "plan"]


def test_an_event_tells_of_a_condition_that_flipped_and_of_nothing_else(world: World) -> None:
    with world.operator():
        ready(world)
        events = world.get("events")["items"]

    told = [
        event["message"]
        for event in events
        if event.get("source", {}).get("component") == "hotplate"
    ]
    (good,) = (message for message in told if message.startswith("Ready is True"))
    assert good == "Ready is True: revision 1f1f1f1f1f1f, 2 views in the online store"
    assert len(told) == len(set(told))


def test_prometheus_reads_what_is_reported_and_what_the_operator_does(world: World) -> None:
    def metrics() -> str:
        with urllib.request.urlopen(f"http://{world.metrics}/metrics", timeout=5) as response:
            return str(response.read().decode())

    labels = f'kind="FeatureStore",name="credit-scoring",namespace="{world.namespace}"'
    with world.operator():
        world.apply(DEFINITIONS, feature_store_document())
        world.start_valkey()
        world.finish("plan")
        world.until_condition("fs", "credit-scoring", "Planned", "Succeeded")

        world.until("the plan is counted", lambda: 'job="plan",result="Succeeded"} 1' in metrics())
        text = metrics()
        assert f'hotplate_condition{{{labels},type="Planned"}} 1.0' in text
        assert f'hotplate_condition_reason{{{labels},reason="Running",type="Ready"}} 1.0' in text
        assert (
            'hotplate_api_requests_total{code="200",kind="featurestores/status",verb="patch"}'
            in text
        )
        assert 'hotplate_api_requests_total{code="201",kind="jobs",verb="patch"}' in text

        world.delete("fs", "credit-scoring")
        world.until("it is told of no more", lambda: labels not in metrics())


def test_a_name_of_253_characters_works(world: World) -> None:
    with world.operator():
        world.apply(DEFINITIONS, feature_store_document("a" * 253))

        world.until_condition("fs", "a" * 253, "Ready", "StoreStarting")


def test_a_feature_store_goes_with_its_children_and_without_the_operator(world: World) -> None:
    with world.operator():
        world.apply(DEFINITIONS, feature_store_document())
        world.until("Valkey", lambda: world.find("statefulset", "credit-scoring-valkey"))

    world.delete("fs", "credit-scoring", "--timeout=10s")

    world.until(
        "Valkey is gone", lambda: world.find("statefulset", "credit-scoring-valkey") is None, 60
    )


def test_a_feature_store_of_five_views_is_ready_after_25_writes(world: World) -> None:
    views = [f"view_{number}" for number in range(5)]
    store = feature_store_document(
        materialization={"views": [{"name": name} for name in views], "parallelism": 5}
    )
    with world.operator(HOTPLATE_RESYNC="60"):
        before = world.applied()
        world.apply(DEFINITIONS, store)
        world.start_valkey()
        world.finish("plan")
        world.finish("apply", views=views)
        world.finish("materialize", count=5)
        world.until_condition("fs", "credit-scoring", "Ready", "Ready")
        of_the_test = 2

        assert world.applied() - before - of_the_test <= 25
