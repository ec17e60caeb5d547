import json
from typing import Any

from hotplate.decide.serving_settings import Pinned, serving_settings
from hotplate.protocol.serving_settings import ServingSettings, parse_settings
from support.api.resources import feature_store, model_deployment

PLAN, MODEL = "sha256:" + "1" * 64, "sha256:" + "2" * 64
PINNED = Pinned(PLAN, "credit:abc", MODEL)
KEY = {"name": "cache", "key": "value"}
IAM = {"userId": "scorer", "cacheName": "features", "region": "us-east-1"}


def settings(cache: dict[str, Any] | None = None, **spec: Any) -> ServingSettings:
    store = {"onlineStore": {"elastiCache": cache}} if cache else {}
    embedded = None if cache else "redis://valkey:6379"
    return serving_settings(feature_store(**store), model_deployment(**spec), PINNED, embedded)


def test_the_settings_are_those_that_a_scoring_process_parses() -> None:
    made = settings({"endpoint": "cache:6380", "auth": {"iam": IAM}, "readFrom": "PreferReplica"})
    assert parse_settings(json.dumps(made.document()).encode(), "serving.json") == made


def test_the_embedded_store_is_one_server_that_keeps_the_artifacts_too() -> None:
    document = settings().document()
    assert document["online"] == {"host": "valkey", "port": 6379}
    assert document["artifacts"] == document["readPlanArtifacts"] == "redis://valkey:6379"


def test_a_login_is_the_place_of_a_file_and_never_the_password() -> None:
    auth = {"passwordSecretRef": KEY, "usernameSecretRef": KEY}
    document = settings({"endpoint": "cache:6380", "auth": auth}).document()
    assert document["online"] == {
        "host": "cache",
        "port": 6380,
        "tls": True,
        "cluster": True,
        "passwordEnv": "HOTPLATE_ONLINE_PASSWORD",
        "passwordFile": "/etc/hotplate/online-password",
        "usernameFile": "/etc/hotplate/online-username",
    }


def test_iam_replicas_and_the_ca_are_settings_of_the_cache() -> None:
    cache = {
        "endpoint": "cache:6380",
        "mode": "Standalone",
        "tls": {"caSecretRef": KEY},
        "auth": {"iam": IAM},
        "readFrom": "PreferReplica",
        "readerEndpoint": "replicas:6380",
    }
    online = settings(cache).document()["online"]
    assert online["iam"] == {**IAM, "serverless": False}
    assert online["caFile"] == "/etc/hotplate/online-ca.pem"
    assert (online["preferReplica"], online["readerEndpoint"]) == (True, "replicas:6380")


def test_any_latency_that_the_resource_accepts_is_a_setting() -> None:
    made = settings(latency={"budget": "2m", "featureDeadline": "90s"})
    assert made.latency.budget_seconds == 120
    assert made.latency.feature_deadline_seconds == 90


def test_a_max_age_is_a_setting_where_the_resource_has_one() -> None:
    made = settings(features={"maxAge": "90m"})
    assert made.document()["features"]["maxAgeSeconds"] == 5400


def test_fallbacks_and_the_decision_log_are_as_the_resource_says() -> None:
    made = settings(
        features={"onMissing": "Reject"},
        decisionLog={"sampleRate": 0.5, "sink": "s3://bucket/decisions"},
    )
    assert made.document()["features"] == {"onMissing": "Reject", "onStale": "Refer"}
    assert made.document()["decisionLog"] == {
        "sampleRate": 0.5,
        "sink": "s3://bucket/decisions",
        "personalData": False,
    }
