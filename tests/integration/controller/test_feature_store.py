"""A FeatureStore on a real API server, with its Jobs run by the real Job controller."""

from __future__ import annotations

import json
import time
import urllib.request

import pytest

from support.api.resources import feature_store_document
from support.kubernetes.operator import DEFINITIONS, Namespace

VIEWS = [{"name": "credit_history", "maxStaleness": "3000d"}, {"name": "zipcode_features"}]


def ready(ns: Namespace) -> None:
    """Apply a FeatureStore and play the kubelets until it is ready."""
    ns.apply(DEFINITIONS, feature_store_document(materialization={"views": VIEWS}))
    ns.start_valkey()
    ns.finish("plan")
    ns.finish("apply")
    ns.finish("materialize", count=2)
    ns.until_condition("fs", "credit-scoring", "Ready", "Ready")


def test_a_feature_store_becomes_ready_step_by_step(ns: Namespace) -> None:
    ns.apply(feature_store_document(materialization={"views": VIEWS}))
    with ns.operator():
        message = ns.until_condition("fs", "credit-scoring", "Ready", "ReferenceMissing")
        assert "ConfigMap/credit-features" in message
        ns.apply(DEFINITIONS)
        ns.until_condition("fs", "credit-scoring", "Ready", "StoreStarting")
        ns.start_valkey()
        ns.until_condition("fs", "credit-scoring", "Planned", "Running")
        ns.finish("plan")
        ns.until_condition("fs", "credit-scoring", "Applied", "Running")
        ns.finish("apply")
        ns.until_condition("fs", "credit-scoring", "Materialized", "NotMaterialized")
        ns.finish("materialize", count=2)
        ns.until_condition("fs", "credit-scoring", "Ready", "Ready")

        line = ns.cluster.kubectl("get", "fs", f"--namespace={ns.name}", "--no-headers")
        assert line.split()[:4] == ["credit-scoring", "True", "1f1f1f1f1f1f", "2/2"]
        body = ns.get("fs", "credit-scoring")
        assert body["status"]["observedGeneration"] == body["metadata"]["generation"]
        assert body["metadata"].get("finalizers") is None
        assert set(body["metadata"].get("annotations", {})) == set()


def test_nothing_is_written_in_the_steady_state_and_a_restart_changes_nothing(
    ns: Namespace,
) -> None:
    with ns.operator():
        ready(ns)
    before = versions(ns)

    with ns.operator(HOTPLATE_RESYNC="0.5"):
        time.sleep(3)
        assert ns.stays_as_it_is()
    assert versions(ns) == before


def versions(ns: Namespace) -> dict[str, str]:
    """Return the version of everything that the operator could have written."""
    found = ns.get("fs,jobs,configmaps,services,statefulsets,events")["items"]
    return {
        f"{body['kind']}/{body['metadata']['name']}": body["metadata"]["resourceVersion"]
        for body in found
        if body["metadata"]["name"] != "kube-root-ca.crt"
    }


@pytest.mark.parametrize("kind", ["service", "statefulset", "configmap"])
def test_a_child_that_is_deleted_by_hand_comes_back(ns: Namespace, kind: str) -> None:
    names = {"configmap": "credit-scoring-feature-store"}
    name = names.get(kind, "credit-scoring-valkey")
    with ns.operator(HOTPLATE_RESYNC="60"):
        ns.apply(DEFINITIONS, feature_store_document())
        uid = ns.until(name, lambda: ns.find(kind, name))["metadata"]["uid"]

        ns.delete(kind, name)

        def is_back() -> bool:
            body = ns.find(kind, name)
            return body is not None and body["metadata"]["uid"] != uid

        ns.until(f"{name} is back", is_back)


def test_a_child_that_is_edited_by_hand_is_set_right(ns: Namespace) -> None:
    with ns.operator(HOTPLATE_RESYNC="60"):
        ns.apply(DEFINITIONS, feature_store_document())
        name = "credit-scoring-valkey"
        ns.until(name, lambda: ns.find("statefulset", name))

        ns.patch("statefulset", name, {"spec": {"replicas": 3}})

        ns.until("1 replica", lambda: ns.get("statefulset", name)["spec"]["replicas"] == 1)


def test_a_job_that_fails_shows_its_last_lines_and_is_run_again_when_deleted(
    ns: Namespace,
) -> None:
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document())
        ns.start_valkey()
        (pod,) = ns.until("the plan's pod", lambda: ns.job_pods("plan"))
        job = pod["metadata"]["labels"]["batch.kubernetes.io/job-name"]
        ns.patch("job", job, {"spec": {"activeDeadlineSeconds": 1}})

        message = ns.until_condition("fs", "credit-scoring", "Planned", "DeadlineExceeded")
        assert "its log says what it waited for" in message

        ns.delete("job", job)
        ns.finish("plan")
        ns.until_condition("fs", "credit-scoring", "Planned", "Succeeded")


def test_definitions_in_git_are_planned_at_the_commit_of_their_ref_and_followed(
    ns: Namespace,
) -> None:
    git = {"url": "https://git.example.com/features.git", "interval": "30s"}
    first, second = "1f3c9a0b" * 5, "2e4d8c7a" * 5
    with ns.operator(HOTPLATE_RESYNC="60"):
        ns.apply(feature_store_document(definitions={"git": git}))
        ns.start_valkey()
        ns.until_condition("fs", "credit-scoring", "DefinitionsResolved", "Running")
        ns.finish("resolve", commit=first)
        assert checked_out(ns) == first
        ns.finish("plan")
        ns.until_condition("fs", "credit-scoring", "DefinitionsResolved", "Succeeded")

        refresh(ns, "pushed")
        failure = {"result": "Failed", "reason": "GitAccessDenied", "message": "no access"}
        (pod,) = ns.until("a pod of Job resolve", lambda: ns.job_pods("resolve"))
        ns.fail_job(pod, json.dumps(failure))
        message = ns.until_condition(
            "fs", "credit-scoring", "DefinitionsResolved", "GitAccessDenied"
        )
        assert "no access" in message

        refresh(ns, "pushed again")
        ns.finish("resolve", commit=second)
        assert checked_out(ns) == second
        assert ns.get("fs", "credit-scoring")["status"]["commit"] == second


def refresh(ns: Namespace, value: str) -> None:
    """Ask for the ref to be resolved now."""
    ns.patch("fs", "credit-scoring", {"metadata": {"annotations": {"hotplate.dev/refresh": value}}})


def checked_out(ns: Namespace) -> str:
    """Return the commit that the plan's pod checks out."""
    (pod,) = ns.until("the plan's pod", lambda: ns.job_pods("plan"))
    (init,) = pod["spec"]["initContainers"]
    variables = {each["name"]: each["value"] for each in init["env"]}
    commit: str = variables["HOTPLATE_GIT_REF"]
    return commit


def test_a_plan_that_deletes_too_much_waits_for_its_approval(ns: Namespace) -> None:
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document(materialization={"views": VIEWS}))
        ns.start_valkey()
        ns.finish("plan", delete=3, summary=["delete FeatureView a"])
        message = ns.until_condition("fs", "credit-scoring", "Ready", "ApplyBlocked")
        approval = message.rpartition("spec.apply.approve: ")[2]

        ns.patch("fs", "credit-scoring", {"spec": {"apply": {"approve": approval}}})

        ns.finish("apply", delete=3)
        ns.until_condition("fs", "credit-scoring", "Applied", "Succeeded")


def test_an_operator_that_is_killed_goes_on_where_it_was(ns: Namespace) -> None:
    ns.apply(DEFINITIONS, feature_store_document(materialization={"views": VIEWS}))
    with ns.operator():
        ns.start_valkey()
        ns.until("the plan's pod", lambda: ns.job_pods("plan"))
    ns.finish("plan")
    with ns.operator():
        ns.until("the apply's pod", lambda: ns.job_pods("apply"))
    ns.finish("apply")
    with ns.operator():
        ns.finish("materialize", count=2)
        ns.until_condition("fs", "credit-scoring", "Ready", "Ready")
    jobs = [job["metadata"]["labels"]["hotplate.dev/job"] for job in ns.get("jobs")["items"]]
    assert sorted(jobs) == ["apply", "materialize", "materialize", "plan"]


def test_an_event_reports_a_condition_that_transitioned_and_nothing_else(ns: Namespace) -> None:
    with ns.operator():
        ready(ns)
        events = ns.get("events")["items"]

    messages = [
        event["message"]
        for event in events
        if event.get("source", {}).get("component") == "hotplate"
    ]
    (good,) = (message for message in messages if message.startswith("Ready is True"))
    assert good == "Ready is True: revision 1f1f1f1f1f1f, 2 views in the online store"
    assert len(messages) == len(set(messages))


def test_prometheus_reads_what_is_reported_and_what_the_operator_does(ns: Namespace) -> None:
    def metrics() -> str:
        with urllib.request.urlopen(f"http://{ns.metrics}/metrics", timeout=5) as response:
            return str(response.read().decode())

    labels = f'kind="FeatureStore",name="credit-scoring",namespace="{ns.name}"'
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document())
        ns.start_valkey()
        ns.finish("plan")
        ns.until_condition("fs", "credit-scoring", "Planned", "Succeeded")

        ns.until("the plan is counted", lambda: 'job="plan",result="Succeeded"} 1' in metrics())
        text = metrics()
        assert f'hotplate_condition{{{labels},type="Planned"}} 1.0' in text
        assert f'hotplate_condition_reason{{{labels},reason="Running",type="Ready"}} 1.0' in text
        assert (
            'hotplate_api_requests_total{code="200",kind="featurestores/status",verb="patch"}'
            in text
        )
        assert 'hotplate_api_requests_total{code="201",kind="jobs",verb="patch"}' in text

        ns.delete("fs", "credit-scoring")
        ns.until("its metrics are gone", lambda: labels not in metrics())


def test_a_name_of_253_characters_works(ns: Namespace) -> None:
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document("a" * 253))

        ns.until_condition("fs", "a" * 253, "Ready", "StoreStarting")


def test_a_feature_store_goes_with_its_children_and_without_the_operator(ns: Namespace) -> None:
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document())
        ns.until("Valkey", lambda: ns.find("statefulset", "credit-scoring-valkey"))

    ns.delete("fs", "credit-scoring", "--timeout=10s")

    ns.until("Valkey is gone", lambda: ns.find("statefulset", "credit-scoring-valkey") is None, 60)


def test_a_feature_store_of_five_views_is_ready_after_25_writes(ns: Namespace) -> None:
    views = [f"view_{number}" for number in range(5)]
    store = feature_store_document(
        materialization={"views": [{"name": name} for name in views], "parallelism": 5}
    )
    with ns.operator(HOTPLATE_RESYNC="60"):
        before = ns.applied()
        ns.apply(DEFINITIONS, store)
        ns.start_valkey()
        ns.finish("plan")
        ns.finish("apply", views=views)
        ns.finish("materialize", count=5)
        ns.until_condition("fs", "credit-scoring", "Ready", "Ready")
        of_the_test = 2

        assert ns.applied() - before - of_the_test <= 25
