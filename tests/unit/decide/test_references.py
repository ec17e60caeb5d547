from datetime import timedelta

import kopf

from hotplate.api.v1alpha1 import names
from hotplate.controller.settings import Settings, configure
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


def test_settings_come_from_the_environment() -> None:
    settings = Settings.from_environment(
        {
            "HOTPLATE_NAMESPACES": "ml, lending",
            "HOTPLATE_JOBS_IMAGE": "registry/jobs:1",
            "HOTPLATE_SERVING_IMAGE": "registry/serving:1",
            "HOTPLATE_RESYNC": "60",
        }
    )

    assert settings.namespaces == ("ml", "lending")
    assert settings.jobs_image == "registry/jobs:1"
    assert settings.serving_image == "registry/serving:1"
    assert settings.resync == timedelta(minutes=1)


def test_without_an_environment_the_whole_cluster_is_watched() -> None:
    assert Settings.from_environment({}) == Settings()


def test_kopf_watches_only_our_children_and_keeps_its_marks_to_our_group() -> None:
    settings = kopf.OperatorSettings()

    configure(settings, Settings(namespaces=("ml",)))

    assert settings.persistence.finalizer.startswith(f"{names.GROUP}/")
    assert settings.persistence.finalizer != names.FINALIZER, "Kopf would take it off"
    assert settings.peering.standalone
    assert not settings.posting.enabled
    assert settings.scanning.disabled
    selector = settings.watching.label_selectors["batch", "v1", "jobs"]
    assert selector == "app.kubernetes.io/managed-by=hotplate"
