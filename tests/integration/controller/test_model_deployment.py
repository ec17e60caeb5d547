"""A ModelDeployment on a real API server, with real Deployments whose pods the test plays."""

from __future__ import annotations

import json

from support.api.resources import feature_store_document, model_deployment_document
from support.kubernetes.operator import DEFINITIONS, Body, Namespace

SETTINGS = "--selector=app.kubernetes.io/component=settings"


def serve(ns: Namespace, **spec: object) -> None:
    """Apply both resources and play the kubelets until the Deployment exists."""
    ns.apply(DEFINITIONS, feature_store_document(), model_deployment_document(**spec))
    ns.start_valkey()
    ns.finish("plan")
    ns.finish("apply")
    ns.finish("materialize", count=2)
    ns.finish("train")
    ns.until("the Deployment", lambda: ns.find("deployment", "credit-scoring"))


def settings(ns: Namespace) -> Body:
    """Return the settings that the Deployment's pods read; none where they were just replaced."""
    template = ns.get("deployment", "credit-scoring")["spec"]["template"]["spec"]
    (volume,) = (each for each in template["volumes"] if each["name"] == "settings")
    name = volume["projected"]["sources"][0]["configMap"]["name"]
    config_map = ns.find("configmap", name)
    found: Body = json.loads(config_map["data"]["serving.json"]) if config_map else {}
    return found


def test_a_name_of_253_characters_is_served(ns: Namespace) -> None:
    name = "b" * 253
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document(), model_deployment_document(name))
        ns.start_valkey()
        for job in ("plan", "apply", "materialize", "materialize", "train"):
            ns.finish(job)
        ns.start_scoring_pods()

        ns.until_condition("md", name, "Progressing", "RolloutComplete")


def test_a_model_is_trained_and_served_once_its_features_are_materialized(ns: Namespace) -> None:
    with ns.operator():
        ns.apply(model_deployment_document())
        ns.until_condition("md", "credit-scoring", "Ready", "FeatureStoreMissing")
        serve(ns)
        ns.start_scoring_pods()
        message = ns.until_condition("md", "credit-scoring", "Ready", "ReplicasAvailable")

        assert message == "2 of 2 pods are available"
        assert settings(ns)["model"]["tag"] == "credit_scoring:abc"
        line = ns.cluster.kubectl("get", "md", f"--namespace={ns.name}", "--no-headers")
        assert line.split()[:4] == ["credit-scoring", "True", "credit_scoring:abc", "2/2"]


def test_a_model_waits_for_its_views_and_for_its_verification(ns: Namespace) -> None:
    service = {"name": "credit_scoring_v1", "hash": "6e" * 8, "views": ["credit_history"]}
    golden = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "golden"}}
    rollout = {"verify": True, "goldenRows": {"configMap": {"name": "golden"}}}
    different = {"result": "Failed", "reason": "GoldenRowsDiffer", "message": "1 of 2 golden rows"}
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document(), model_deployment_document(rollout=rollout))
        ns.until_condition("md", "credit-scoring", "Ready", "ReferenceMissing")
        ns.apply(golden | {"data": {"rows.jsonl": "{}"}})
        ns.start_valkey()
        ns.finish("plan")
        ns.finish("apply", services=[service])
        ns.finish("train", serviceHash=service["hash"])
        message = ns.until_condition("md", "credit-scoring", "Verified", "NotMaterialized")
        assert message.endswith("credit_history")
        ns.finish("materialize", count=2)
        (pod,) = ns.until("the verification's pod", lambda: ns.job_pods("verify"))
        ns.fail_job(pod, json.dumps(different))
        ns.until_condition("md", "credit-scoring", "Verified", "GoldenRowsDiffer")
        assert ns.find("deployment", "credit-scoring") is None

        ns.apply(golden | {"data": {"rows.jsonl": "{} "}})
        ns.finish("verify")
        ns.until("the Deployment", lambda: ns.find("deployment", "credit-scoring"))
        ns.until_condition("md", "credit-scoring", "Verified", "Succeeded")


def test_every_child_of_a_full_spec_is_taken_by_the_api_server(ns: Namespace) -> None:
    full = {
        "autoscaling": {"maxReplicas": 4, "cpuUtilization": 70, "requestsPerSecond": 300},
        "networkPolicy": {"fromNamespaces": {"team": "lending"}},
        "ingress": {"host": "scoring.example.com", "tlsSecretName": "tls"},
        "resources": {"requests": {"cpu": "1000m"}, "limits": {"memory": "1024Mi"}},
        "env": [{"name": "REGION", "value": "eu"}],
    }
    kinds = "deployment,service,pdb,hpa,networkpolicy,ingress"
    with ns.operator():
        serve(ns, **full)

        def children() -> list[Body] | None:
            found = ns.get(kinds, "--selector=app.kubernetes.io/managed-by=hotplate")["items"]
            named = [each for each in found if each["metadata"]["name"] == "credit-scoring"]
            return named if len(named) == 6 else None

        ns.until("six children", children)
        ns.until_condition("md", "credit-scoring", "Progressing", "RollingOut")
        assert ns.stays_as_it_is()

        ns.patch("md", "credit-scoring", {"spec": {"ingress": None, "networkPolicy": None}})
        ns.until("the Ingress is gone", lambda: not ns.find("ingress", "credit-scoring"))
        ns.until(
            "the NetworkPolicy is gone", lambda: not ns.find("networkpolicy", "credit-scoring")
        )
        assert ns.stays_as_it_is()  # it is known now that both are not there

        host = {"host": "scoring.example.com"}
        ns.patch("md", "credit-scoring", {"spec": {"ingress": host}})
        ns.until("the Ingress is back", lambda: ns.find("ingress", "credit-scoring"))
        policy = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "credit-scoring"},
            "spec": {"podSelector": {}},
        }
        ns.apply(policy)
        ns.patch("md", "credit-scoring", {"spec": {"networkPolicy": {}}})
        ns.until_condition("md", "credit-scoring", "Ready", "NameConflict")


def test_new_settings_make_new_pods_and_the_old_settings_stay_for_the_old(ns: Namespace) -> None:
    with ns.operator():
        serve(ns)
        (before,) = ns.get("configmaps", SETTINGS)["items"]

        ns.patch("md", "credit-scoring", {"spec": {"latency": {"budget": "20ms"}}})

        def both() -> bool:
            return len(ns.get("configmaps", SETTINGS)["items"]) == 2

        ns.until("two ConfigMaps with settings", both)
        ns.until(
            "the Deployment has the new ones",
            lambda: settings(ns)["latency"]["budgetSeconds"] == 0.02,
        )
        assert ns.find("configmap", before["metadata"]["name"]) is not None


def test_settings_beyond_the_history_are_deleted(ns: Namespace) -> None:
    with ns.operator():
        serve(ns, revisionHistoryLimit=0)

        ns.patch("md", "credit-scoring", {"spec": {"latency": {"budget": "20ms"}}})
        ns.until(
            "new settings", lambda: settings(ns).get("latency", {}).get("budgetSeconds") == 0.02
        )

        ns.until(
            "one ConfigMap with settings",
            lambda: len(ns.get("configmaps", SETTINGS)["items"]) == 1,
        )


def test_a_gate_that_fails_is_reported_with_its_figures_and_nothing_is_served(
    ns: Namespace,
) -> None:
    failed = {"result": "Failed", "reason": "GateFailed", "message": "roc_auc 0.61 < 0.75"}
    training = {
        "labels": {"path": "data/loans.parquet", "target": "loan_status"},
        "onFailure": {"retries": 0},
    }
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document())
        ns.apply(model_deployment_document(training=training))
        ns.start_valkey()
        ns.finish("plan")
        ns.finish("apply")
        ns.crash("train", json.dumps(failed))

        message = ns.until_condition("md", "credit-scoring", "ModelTrained", "GateFailed")

        assert "roc_auc 0.61 < 0.75" in message
        assert ns.find("deployment", "credit-scoring") is None


def test_another_owners_object_with_a_childs_name_is_left_alone(ns: Namespace) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "credit-scoring"},
        "spec": {"ports": [{"port": 80}], "selector": {"app": "other"}},
    }
    ns.apply(service)
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document(), model_deployment_document())

        message = ns.until_condition("md", "credit-scoring", "Ready", "NameConflict")

        assert "Service credit-scoring exists and does not belong to this" in message
        assert ns.get("service", "credit-scoring")["spec"]["selector"] == {"app": "other"}


def test_a_scoring_pod_s_secret_is_never_read_but_its_change_makes_new_pods(ns: Namespace) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "bureau"},
        "stringData": {"token": "hunter2"},
    }
    env = [{"name": "TOKEN", "secretKeyRef": {"name": "bureau", "key": "token"}}]

    def template() -> Body:
        found: Body = ns.get("deployment", "credit-scoring")["spec"]["template"]
        return found

    with ns.operator():
        ns.apply(secret)
        serve(ns, env=env)
        before = template()

        ns.apply(secret | {"stringData": {"token": "hunter3"}})

        ns.until("new pods", lambda: template() != before)
    assert "hunter" not in json.dumps(ns.get("deployments,configmaps,jobs,md"))
