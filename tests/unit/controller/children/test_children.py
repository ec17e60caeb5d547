"""What should exist: each builder's promises, over every kind of resource that uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from hotplate.api import FeatureStore, ModelDeployment, parse_resource
from hotplate.api.v1alpha1.model_deployment_status import PinnedModel
from hotplate.controller.children import feature_store_children, model_deployment_children
from hotplate.controller.children.access import url
from hotplate.controller.children.jobs import JobContext, job
from hotplate.decide.jobs.specs import (
    JobSpec,
    apply_job,
    materialize_job,
    plan_job,
    resolve_job,
    teardown_job,
    train_job,
    verify_job,
)
from hotplate.decide.model_deployment import Serve
from support.api.resources import feature_store, model_deployment

KEY = {"name": "cache", "key": "password"}
CACHE = {
    "onlineStore": {
        "elastiCache": {
            "endpoint": "cache.example.com:6379",
            "tls": {"caSecretRef": {"name": "cache-ca", "key": "ca.crt"}},
            "auth": {
                "passwordSecretRef": KEY,
                "usernameSecretRef": {"name": KEY["name"], "key": "user"},
            },
        }
    },
    "registry": {"sql": {"secretRef": {"name": "registry", "key": "url"}}},
    "artifacts": "s3://bucket/features",
}
GIT = {"git": {"url": "https://example.com/f.git", "path": "features"}}
MODEL = PinnedModel(
    version="credit_scoring:abc", artifact="sha256:" + "4e" * 32, read_plan="sha256:" + "2e" * 32
)

DUE = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)
IMAGE = "hotplate/serving:0.1.0"
SERVE = Serve(MODEL, restart_hash="1")

HASH = "sha256:" + "0a" * 32


def job_of(store: FeatureStore, job_spec: JobSpec) -> dict[str, Any]:
    return job(JobContext(store, store, "hotplate/jobs:0.1.0"), job_spec)


def settings(**spec: Any) -> Any:
    """Return the ConfigMap with the settings of a ModelDeployment's scoring processes."""
    children = model_deployment_children(model_deployment(**spec), feature_store(), SERVE, IMAGE)
    return next(child for child in children if "serving.json" in child.get("data", {}))


def serving(kind: str, store: FeatureStore | None = None, **spec: Any) -> Any:
    """Return the child of that kind of a ModelDeployment with that spec, or None."""
    children = model_deployment_children(
        model_deployment(**spec), store or feature_store(), SERVE, IMAGE
    )
    return next((child for child in children if child["kind"] == kind), None)


def main_container(manifest: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = manifest["spec"]["template"]["spec"]["containers"][0]
    return container


def variables(container: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


def pod_specs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the spec of every kind of pod, with its name."""
    store, deployment = feature_store(definitions=GIT), model_deployment()
    job_specs = [
        plan_job("1"),
        resolve_job("1", DUE),
        apply_job("1", None, HASH, ()),
        materialize_job(store, "a", DUE),
        teardown_job(store),
    ]
    for job_spec in job_specs:
        yield job_spec.name, job_of(store, job_spec)["spec"]["template"]["spec"]
    context = JobContext(deployment, store, "hotplate/jobs:0.1.0")
    yield "train", job(context, train_job(deployment, "1", None, None))["spec"]["template"]["spec"]
    yield "scoring", serving("Deployment")["spec"]["template"]["spec"]
    for child in feature_store_children(feature_store(), "valkey/valkey:9"):
        if child["kind"] == "StatefulSet":
            yield "valkey", child["spec"]["template"]["spec"]


PODS = dict(pod_specs())
EACH_POD = pytest.mark.parametrize("spec", PODS.values(), ids=PODS)


@EACH_POD
def test_every_pod_keeps_the_restricted_pod_security_standard(spec: dict[str, Any]) -> None:
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*spec["containers"], *spec.get("initContainers", ())):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}


@EACH_POD
def test_no_pod_has_rights_in_the_cluster(spec: dict[str, Any]) -> None:
    assert spec["automountServiceAccountToken"] is False


@EACH_POD
def test_every_mount_has_its_volume_and_every_volume_its_mount(spec: dict[str, Any]) -> None:
    containers = (*spec["containers"], *spec.get("initContainers", ()))
    mounted = {mount["name"] for container in containers for mount in container["volumeMounts"]}

    assert mounted == {volume["name"] for volume in spec["volumes"]}


def test_every_child_is_deleted_with_its_owner() -> None:
    store, deployment = feature_store(), model_deployment()
    children = (
        *feature_store_children(store, "valkey/valkey:9"),
        *model_deployment_children(deployment, store, SERVE, IMAGE),
        job_of(store, plan_job("1")),
    )

    for child in children:
        (owner,) = child["metadata"]["ownerReferences"]
        assert owner["controller"]
        assert owner["uid"] == store.metadata.uid


def test_a_job_finds_everything_in_its_environment() -> None:
    store = feature_store(definitions=GIT)

    found = variables(main_container(job_of(store, materialize_job(store, "a", DUE))))

    assert found == {
        "HOTPLATE_MANIFEST": "/etc/hotplate/resource.yaml",
        "HOTPLATE_DEFINITIONS": "/definitions/features",
        "HOTPLATE_EMBEDDED_STORE": "redis://credit-scoring-valkey.ml.svc:6379",
        "HOTPLATE_VIEW": "a",
    }


def test_secrets_reach_a_job_by_reference_only() -> None:
    found = variables(main_container(job_of(feature_store(**CACHE), plan_job("1"))))

    assert found["HOTPLATE_ONLINE_PASSWORD_FILE"] == "/etc/hotplate/online-password"
    assert found["HOTPLATE_REGISTRY_URL"] == {"secretKeyRef": {"name": "registry", "key": "url"}}
    assert found["HOTPLATE_ONLINE_CA_FILE"] == "/etc/hotplate/online-ca.pem"
    assert found["HOTPLATE_ARTIFACTS"] == "s3://bucket/features"
    assert "HOTPLATE_EMBEDDED_STORE" not in found


def test_the_ca_and_the_login_are_files_beside_the_resources() -> None:
    store = feature_store(**CACHE)
    job_volumes = job_of(store, plan_job("1"))["spec"]["template"]["spec"]["volumes"]
    scoring = serving("Deployment", store=store)["spec"]["template"]["spec"]["volumes"]

    for volumes, name in ((job_volumes, "resources"), (scoring, "settings")):
        (volume,) = (each for each in volumes if each["name"] == name)
        _, *secrets = (source.get("secret") for source in volume["projected"]["sources"])
        assert volume["projected"]["defaultMode"] == 0o440
        assert [secret["items"] for secret in secrets] == [
            [{"key": "ca.crt", "path": "online-ca.pem"}],
            [{"key": KEY["key"], "path": "online-password"}],
            [{"key": "user", "path": "online-username"}],
        ]


def test_scoring_pods_that_prefer_replicas_know_their_zone() -> None:
    cache = CACHE["onlineStore"]["elastiCache"] | {"readFrom": "PreferReplica"}
    store = feature_store(**CACHE | {"onlineStore": {"elastiCache": cache}})
    found = variables(main_container(serving("Deployment", store=store)))
    path = found["HOTPLATE_ZONE"]["fieldRef"]["fieldPath"]
    assert path == "metadata.labels['topology.kubernetes.io/zone']"
    assert "HOTPLATE_ZONE" not in variables(main_container(serving("Deployment")))


def test_a_job_has_the_deadline_retries_and_resources_of_its_view() -> None:
    views = [{"name": "big", "resources": {"limits": {"memory": "8Gi"}}}, {"name": "small"}]
    store = feature_store(
        materialization={"views": views, "onFailure": {"retries": 1, "deadline": "2h"}},
        jobs={"resources": {"limits": {"memory": "1Gi"}}},
    )
    big = job_of(store, materialize_job(store, "big", DUE))
    small = job_of(store, materialize_job(store, "small", DUE))

    assert (big["spec"]["backoffLimit"], big["spec"]["activeDeadlineSeconds"]) == (1, 7200)
    assert main_container(big)["resources"] == {"limits": {"memory": "8Gi"}}
    assert main_container(small)["resources"] == {"limits": {"memory": "1Gi"}}


def test_the_same_work_has_the_same_job_and_other_work_another() -> None:
    store = feature_store()
    names = [
        job_of(store, job_spec)["metadata"]["name"]
        for job_spec in (
            plan_job("1"),
            plan_job("1"),
            plan_job("2"),
            apply_job("1", None, HASH, ()),
        )
    ]

    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_a_job_of_a_name_of_253_characters_has_a_name_that_fits() -> None:
    store = feature_store(name="a" * 253)

    manifest = job_of(store, plan_job("1"))

    assert len(manifest["metadata"]["name"]) <= 63
    assert all(len(value) <= 63 for value in manifest["metadata"]["labels"].values())


def test_a_job_writes_its_result_as_its_termination_message() -> None:
    command = main_container(job_of(feature_store(), plan_job("1")))["command"]

    assert command == ["sh", "-c", 'exec hotplate job "$0" > /dev/termination-log', "plan"]


def test_a_job_that_resolves_the_ref_has_the_repositorys_secret_and_no_definitions() -> None:
    private = {"credentials": {"secretRef": {"name": "features-git"}}}
    store = feature_store(definitions={"git": GIT["git"] | private})

    pod = job_of(store, resolve_job("1", DUE))["spec"]["template"]["spec"]
    (main,) = pod["containers"]
    assert "initContainers" not in pod
    assert variables(main)["HOTPLATE_GIT_URL"] == "https://example.com/f.git"
    assert variables(main)["HOTPLATE_GIT_REF"] == "main"
    folder = variables(main)["HOTPLATE_GIT_SECRET"]
    (mounted,) = (each for each in main["volumeMounts"] if each["mountPath"] == folder)
    (volume,) = (each for each in pod["volumes"] if each["name"] == mounted["name"])
    assert volume["secret"] == {"secretName": "features-git", "defaultMode": 0o440}
    assert mounted["readOnly"]


def test_a_git_ref_gives_way_to_the_commit_that_was_planned() -> None:
    store = feature_store(definitions=GIT)
    planned = job_of(store, plan_job("1"))["spec"]["template"]["spec"]["initContainers"][0]
    applied = job_of(store, apply_job("1", "1f3c9a", HASH, ()))["spec"]["template"]["spec"][
        "initContainers"
    ][0]

    assert variables(planned)["HOTPLATE_GIT_REF"] == "main"
    assert variables(applied)["HOTPLATE_GIT_REF"] == "1f3c9a"


@pytest.mark.parametrize(
    ("spec", "source"),
    [
        ({"definitions": {"configMap": {"name": "credit"}}}, "/definitions-source"),
        (
            {"definitions": {"image": {"path": "/feature_repo"}}, "jobs": {"image": "jobs:1"}},
            "/feature_repo",
        ),
    ],
)
def test_definitions_are_copied_to_where_they_may_make_their_data(
    spec: dict[str, Any], source: str
) -> None:
    first = job_of(feature_store(**spec), plan_job("1"))["spec"]["template"]["spec"][
        "initContainers"
    ][0]

    assert first["command"][-2:] == [source, "/definitions"]


def test_the_resources_in_the_config_map_are_those_of_the_cluster_without_status() -> None:
    store = feature_store(status={"observedGeneration": 3})

    files = feature_store_children(store, "valkey/valkey:9")[0]

    (document,) = yaml.safe_load_all(files["data"]["resource.yaml"])
    assert "status" not in document
    again = parse_resource(document)
    assert again.spec == store.spec


def test_an_elasticache_needs_no_embedded_valkey() -> None:
    kinds = [child["kind"] for child in feature_store_children(feature_store(**CACHE), "valkey")]

    assert kinds == ["ConfigMap"]


def test_other_settings_have_a_config_map_of_another_name() -> None:
    one, other = settings(), settings(latency={"budget": "20ms"})

    assert one["metadata"]["name"] != other["metadata"]["name"]
    assert one["immutable"]
    assert json.loads(one["data"]["serving.json"])["latency"]["budgetSeconds"] == 0.01


def test_an_update_never_has_fewer_pods_than_before() -> None:
    strategy = serving("Deployment")["spec"]["strategy"]["rollingUpdate"]

    assert strategy["maxUnavailable"] == 0


def test_a_pod_drains_before_it_is_terminated() -> None:
    spec = serving("Deployment")["spec"]["template"]["spec"]
    drain = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert spec["terminationGracePeriodSeconds"] > drain + 1


def test_probes_ask_over_http_since_the_port_is_open_before_the_model_is_there() -> None:
    container = main_container(serving("Deployment"))

    paths = [container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe")]
    assert paths == ["/readyz", "/readyz"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"


def test_the_autoscaler_has_the_replicas_where_there_is_one() -> None:
    scaling = {"minReplicas": 3, "maxReplicas": 9, "requestsPerSecond": 300, "cpuUtilization": 70}

    assert serving("HorizontalPodAutoscaler") is None
    assert serving("Deployment")["spec"]["replicas"] == 2
    assert "replicas" not in serving("Deployment", autoscaling=scaling)["spec"]
    autoscaler = serving("HorizontalPodAutoscaler", autoscaling=scaling)
    assert [metric["type"] for metric in autoscaler["spec"]["metrics"]] == ["Pods", "Resource"]


@pytest.mark.parametrize(("replicas", "is_there"), [(0, False), (1, False), (2, True)])
def test_one_pod_alone_has_no_budget_that_would_block_every_drain(
    replicas: int, is_there: bool
) -> None:
    assert (serving("PodDisruptionBudget", replicas=replicas) is not None) is is_there


def test_ways_in_are_made_only_where_they_are_wanted() -> None:
    assert serving("Ingress") is None
    assert serving("HTTPRoute") is None
    assert serving("NetworkPolicy") is None
    assert serving("Ingress", ingress={"host": "a.example.com"}) is not None
    assert serving("HTTPRoute", gateway={"name": "public"}) is not None
    assert serving("NetworkPolicy", networkPolicy={}) is not None


def test_the_url_is_the_way_in_from_outside_where_there_is_one() -> None:
    ingress = {"host": "scoring.example.com", "tlsSecretName": "tls"}

    assert url(model_deployment()) == "http://credit-scoring.ml.svc"
    assert url(model_deployment(ingress=ingress)) == "https://scoring.example.com/"


def test_a_model_on_a_claim_is_mounted_where_its_url_points() -> None:
    model = {"store": "file:///models", "claimName": "models"}
    container = main_container(serving("Deployment", model=model))

    assert {"name": "models", "mountPath": "/models", "readOnly": True} in container["volumeMounts"]


def test_scheduling_knobs_reach_the_pods() -> None:
    spec = serving(
        "Deployment",
        nodeSelector={"pool": "scoring"},
        tolerations=[{"key": "scoring", "operator": "Exists"}],
        imagePullSecrets=[{"name": "registry"}],
        serviceAccountName="scorer",
        env=[{"name": "REGION", "configMapKeyRef": {"name": "site", "key": "region"}}],
    )["spec"]["template"]["spec"]

    assert spec["nodeSelector"] == {"pool": "scoring"}
    assert spec["tolerations"] == [{"key": "scoring", "operator": "Exists"}]
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert spec["serviceAccountName"] == "scorer"
    assert variables(spec["containers"][0])["REGION"] == {
        "configMapKeyRef": {"name": "site", "key": "region"}
    }


@pytest.mark.parametrize(
    ("source", "volume", "mounted"),
    [
        (
            {"configMap": {"name": "files"}},
            {"configMap": {"name": "files"}},
            {"mountPath": "/bento", "readOnly": True},
        ),
        (
            {"claim": {"name": "bentos", "path": "credit/2"}},
            {"persistentVolumeClaim": {"claimName": "bentos", "readOnly": True}},
            {"mountPath": "/bento", "readOnly": True, "subPath": "credit/2"},
        ),
    ],
)
def test_a_bento_without_an_image_is_mounted_into_the_stock_one(
    source: dict[str, Any], volume: dict[str, Any], mounted: dict[str, Any]
) -> None:
    pods = serving("Deployment", bento={"service": "CreditScoring", **source})

    container = main_container(pods)
    assert container["image"] == IMAGE
    assert {"name": "bento", **mounted} in container["volumeMounts"]
    assert {"name": "bento", **volume} in pods["spec"]["template"]["spec"]["volumes"]


def test_a_bento_of_an_image_is_not_mounted_over() -> None:
    container = main_container(serving("Deployment"))

    assert container["image"] == "hotplate/credit-scoring:0.1.0"
    assert "/bento" not in {mount["mountPath"] for mount in container["volumeMounts"]}


def test_children_of_both_kinds_with_one_name_do_not_collide() -> None:
    store, deployment = feature_store(), model_deployment()
    assert isinstance(deployment, ModelDeployment)
    children = (
        *feature_store_children(store, "valkey/valkey:9"),
        *model_deployment_children(deployment, store, SERVE, IMAGE),
    )

    keys = [(child["kind"], child["metadata"]["name"]) for child in children]
    assert len(keys) == len(set(keys))


def test_a_verification_mounts_its_golden_rows() -> None:
    store = feature_store()
    rows = {"verify": True, "goldenRows": {"configMap": {"name": "golden"}}}
    deployment = model_deployment(rollout=rows)
    context = JobContext(deployment, store, "hotplate/jobs:0.1.0")

    pod = job(context, verify_job(deployment, MODEL, "1", None))["spec"]["template"]["spec"]

    (resources,) = (each for each in pod["volumes"] if each["name"] == "resources")
    items = [{"key": "rows.jsonl", "path": "rows.jsonl"}]
    golden = {"configMap": {"name": "golden", "items": items}}
    assert golden in resources["projected"]["sources"]
