from hotplate.decide.references import feature_store_references, model_deployment_references
from support.api.resources import feature_store, model_deployment

KEY = {"key": "value"}


def test_a_feature_store_s_references_are_all_that_its_pods_need() -> None:
    store = feature_store(
        definitions={
            "git": {
                "url": "https://example.com/f.git",
                "credentials": {"secretRef": {"name": "git"}},
            }
        },
        registry={"sql": {"secretRef": {"name": "registry", **KEY}}},
        onlineStore={
            "elastiCache": {
                "endpoint": "cache:6379",
                "tls": {"caSecretRef": {"name": "ca", **KEY}},
                "auth": {"passwordSecretRef": {"name": "cache", **KEY}},
            }
        },
        artifacts="s3://bucket/features",
        jobs={"env": [{"name": "A", "configMapKeyRef": {"name": "site", **KEY}}]},
    )

    assert feature_store_references(store) == {
        ("Secret", "git"),
        ("Secret", "registry"),
        ("Secret", "ca"),
        ("Secret", "cache"),
        ("ConfigMap", "site"),
    }


def test_a_model_deployment_needs_its_own_references_and_the_online_store_s() -> None:
    store = feature_store(
        onlineStore={
            "elastiCache": {
                "endpoint": "cache:6379",
                "auth": {"passwordSecretRef": {"name": "cache", **KEY}},
            }
        },
    )
    deployment = model_deployment(env=[{"name": "A", "secretKeyRef": {"name": "token", **KEY}}])

    assert model_deployment_references(deployment, None) == {("Secret", "token")}
    assert model_deployment_references(deployment, store) == {
        ("Secret", "token"),
        ("Secret", "cache"),
    }


def test_the_files_of_a_bento_are_a_reference() -> None:
    bento = {"configMap": {"name": "files"}, "service": "CreditScoring"}

    found = model_deployment_references(model_deployment(bento=bento), None)

    assert found == {("ConfigMap", "files")}
