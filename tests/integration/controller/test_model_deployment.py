"""A ModelDeployment on a real API server, with real Deployments whose pods the test plays."""

from __future__ import annotations

import json

from support.kubernetes.operator import DEFINITIONS, Body, World
from support.resources import feature_store_document, model_deployment_document

SETTINGS = "--selector=app.kubernetes.io/component=settings"


def serve(world: World, **spec: object) -> None:
    """Apply both resources and play the kubelets until the Deployment is there."""
    world.apply(DEFINITIONS, feature_store_document(), model_deployment_document(**spec))
    world.start_valkey()
    world.finish("plan")
    world.finish("apply")
    world.finish("train")
    world.until("the Deployment", lambda: world.find("deployment", "credit-scoring"))


def settings(world: World) -> Body:
    """Return the settings that the Deployment's pods read; none where they were just replaced."""
    template = world.get("deployment", "credit-scoring")["spec"]["template"]["spec"]
    (volume,) = (each for each in template["volumes"] if each["name"] == "settings")
    name = volume["projected"]["sources"][0]["configMap"]["name"]
    config_map = world.find("configmap", name)
    found: Body = json.loads(config_map["data"]["serving.json"]) if config_map else {}
    return found


def test_a_name_of_253_characters_is_served(world: World) -> None:
    name = "b" * 253
    with world.operator():
        world.apply(DEFINITIONS, feature_store_document(), model_deployment_document(name))
        world.start_valkey()
        for job in ("plan", "apply", "train"):
            world.finish(job)
        world.start_scoring_pods()

        world.until_condition("md", name, "Progressing", "RolloutComplete")


def test_a_model_is_trained_and_served_once_its_features_are_there(world: World) -> None:
    with world.operator():
        world.apply(model_deployment_document())
        world.until_condition("md", "credit-scoring", "Ready", "FeatureStoreMissing")
        serve(world)
        world.finish("materialize", count=2)
        world.start_scoring_pods()
        message = world.until_condition("md", "credit-scoring", "Ready", "ReplicasAvailable")

        assert message == "2 of 2 pods are available"
        assert settings(world)["model"]["tag"] == "credit_scoring:abc"
        line = world.cluster.kubectl("get", "md", f"--namespace={world.namespace}", "--no-headers")
        assert line.split()[:4] == ["credit-scoring", "True", "credit_scoring:abc", "2/2"]


def test_a_model_waits_for_its_views_and_for_its_verification(world: World) -> None:
    service = {"name": "credit_scoring_v1", "hash": "6e" * 8, "views": ["credit_history"]}
    golden = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "golden"}}
    rollout = {"verify": True, "goldenRows": {"configMap": {"name": "golden"}}}
    different = {"result": "Failed", "reason": "GoldenRowsDiffer", "message": "1 of 2 golden rows"}
    with world.operator():
        world.apply(
            DEFINITIONS, feature_store_document(), model_deployment_document(rollout=rollout)
        )
        world.until_condition("md", "credit-scoring", "Ready", "ReferenceMissing")
        world.apply(golden | {"data": {"rows.jsonl": "{}"}})
        world.start_valkey()
        world.finish("plan")
        world.finish("apply", services=[service], serviceCount=1)
        world.finish("train", serviceHash=service["hash"])
        message = world.until_condition("md", "credit-scoring", "Verified", "NotMaterialized")
        assert message.endswith("credit_history")
        world.finish("materialize", count=2)
        (pod,) = world.until("the verification's pod", lambda: world.job_pods("verify"))
        world.fail_job(pod, json.dumps(different))
        world.until_condition("md", "credit-scoring", "Verified", "GoldenRowsDiffer")
        assert world.find("deployment", "credit-scoring") is None

        world.apply(golden | {"data": {"rows.jsonl": "{} "}})
        world.finish("verify")
        world.until("the Deployment", lambda: world.find("deployment", "credit-scoring"))
        world.until_condition("md", "credit-scoring", "Verified", "Succeeded")


def test_every_child_of_a_full_spec_is_taken_by_the_api_server(world: World) -> None:
    full = {
        "autoscaling": {"maxReplicas": 4, "cpuUtilization": 70, "requestsPerSecond": 300},
        "networkPolicy": {"fromNamespaces": {"team": "lending"}},
        "ingress": {"host": "scoring.example.com", "tlsSecretName": "tls"},
        "resources": {"requests": {"cpu": "1000m"}, "limits": {"memory": "1024Mi"}},
        "env": [{"name": "REGION", "value": "eu"}],
    }
    kinds = "deployment,service,pdb,hpa,networkpolicy,ingress"
    with world.operator():
        serve(world, **full)

        def children() -> list[Body] | None:
            found = world.get(kinds, "--selector=app.kubernetes.io/managed-by=hotplate")["items"]
            named = [each for each in found if each["metadata"]["name"] == "credit-scoring"]
            return named if len(named) == 6 else None

        world.until("six children", children)
        world.until_condition("md", "credit-scoring", "Progressing", "RollingOut")
        assert world.stays_as_it_is()

        world.patch("md", "credit-scoring", {"spec": {"ingress": None, "networkPolicy": None}})
        world.until("the Ingress is gone", lambda: not world.find("ingress", "credit-scoring"))
        world.until(
            "the NetworkPolicy is gone", lambda: not world.find("networkpolicy", "credit-scoring")
        )
        assert world.stays_as_it_is()  # it is known now that both are not there

        host = {"host": "scoring.example.com"}
        world.patch("md", "credit-scoring", {"spec": {"ingress": host}})
        world.until("the Ingress is back", lambda: world.find("ingress", "credit-scoring"))
        policy = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "credit-scoring"},
            "spec": {"podSelector": {}},
        }
        world.apply(policy)
        world.patch("md", "credit-scoring", {"spec": {"networkPolicy": {}}})
        world.until_condition("md", "credit-scoring", "Ready", "NameConflict")


def test_new_settings_make_new_pods_and_the_old_settings_stay_for_the_old(world: World) -> None:
    with world.operator():
        serve(world)
        (before,) = world.get("configmaps", SETTINGS)["items"]

        world.patch("md", "credit-scoring", {"spec": {"latency": {"budget": "20ms"}}})

        def both() -> bool:
            return len(world.get("configmaps", SETTINGS)["items"]) == 2

        world.until("two ConfigMaps with settings", both)
        world.until(
            "the Deployment has the new ones",
            lambda: settings(world)["latency"]["budgetSeconds"] == 0.02,
        )
        assert world.find("configmap", before["metadata"]["name"]) is not None


def test_settings_beyond_the_history_are_deleted(world: World) -> None:
    with world.operator():
        serve(world, revisionHistoryLimit=0)

        world.patch("md", "credit-scoring", {"spec": {"latency": {"budget": "20ms"}}})
        world.until(
            "new settings", lambda: settings(world).get("latency", {}).get("budgetSeconds") == 0.02
        )

        world.until(
            "one ConfigMap with settings",
            lambda: len(world.get("configmaps", SETTINGS)["items"]) == 1,
        )


def test_a_gate_that_fails_is_told_with_its_figures_and_nothing_is_served(world: World) -> None:
    failed = {"result": "Failed", "reason": "GateFailed", "message": "roc_auc 0.61 < 0.75"}
    training = {
        "labels": {"path": "data/loans.parquet", "target": "loan_status"},
        "onFailure": {"retries": 0},
    }
    with world.operator():
        world.apply(DEFINITIONS, feature_store_document())
        world.apply(model_deployment_document(training=training))
        world.start_valkey()
        world.finish("plan")
        world.finish("apply")
        world.crash("train", json.dumps(failed))

        message = world.until_condition("md", "credit-scoring", "ModelTrained", "GateFailed")

        assert "roc_auc 0.61 < 0.75" in message
        assert world.find("deployment", "credit-scoring") is None


def test_an_object_of_a_child_s_name_that_is_somebody_else_s_is_left_alone(world: World) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "credit-scoring"},
        "spec": {"ports": [{"port": 80}], "selector": {"app": "other"}},
    }
    world.apply(service)
    with world.operator():
        world.apply(DEFINITIONS, feature_store_document(), model_deployment_document())

        message = world.until_condition("md", "credit-scoring", "Ready", "NameConflict")

        assert "Service credit-scoring is there" in message
        assert world.get("service", "credit-scoring")["spec"]["selector"] == {"app": "other"}


def test_a_scoring_pod_s_secret_is_never_read_but_its_change_makes_new_pods(world: World) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "bureau"},
        "stringData": {"token": "hunter2"},
    }
    env = [{"name": "TOKEN", "secretKeyRef": {"name": "bureau", "key": "token"}}]

    def template() -> Body:
        found: Body = world.get("deployment", "credit-scoring")["spec"]["template"]
        return found

    with world.operator():
        world.apply(secret)
        serve(world, env=env)
        before = template()

        world.apply(secret | {"stringData": {"token": "hunter3"}})

        world.until("new pods", lambda: template() != before)
    assert "hunter" not in json.dumps(world.get("deployments,configmaps,jobs,md"))
