"""An operator that is killed between any two calls of the API server reaches the same end.

Each reconcile is cut off at its first call, then at its second, and so on, before or after the call
has its effect, until one gets through; what an operator knows it knows from the API server alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kubernetes.aio import client, config

from hotplate.controller.kube.client import Cluster
from hotplate.controller.metrics.operator import Metrics
from hotplate.controller.queue import GoneError
from hotplate.controller.reconciler import Reconciler, utc_now
from hotplate.controller.settings import OperatorSettings
from support.api.resources import feature_store_document, model_deployment_document
from support.kubernetes.operator import DEFINITIONS, Body, Namespace

NAME = "credit-scoring"
NEVER = 1_000_000


class KilledError(BaseException):
    """The operator is gone."""


class DyingCluster(Cluster):
    """An API server that is called so many times, and then never again."""

    def __init__(self, api: client.ApiClient, last: int, *, has_effect: bool) -> None:
        super().__init__(api)
        self._left, self._has_effect = last, has_effect

    async def _request(self, *what: str, **parameters: Any) -> Any:
        self._left -= 1
        if self._left > 0:
            return await super()._request(*what, **parameters)
        if self._has_effect:
            await super()._request(*what, **parameters)
        raise KilledError


class Operator:
    """Reconciles as the operator does, in this process, killed at every call or never."""

    def __init__(
        self,
        kubeconfig: Path,
        namespace: str,
        *,
        has_effect: bool | None,
        ahead: timedelta = timedelta(),
    ) -> None:
        self._kubeconfig = str(kubeconfig)
        self._namespace = namespace
        self._has_effect = has_effect
        self._ahead = ahead

    async def until_it_gets_through(self, kind: str) -> int:
        """Reconcile, killed at each call in turn; return how often it was killed."""
        calls = NEVER if self._has_effect is None else 1
        while not await self._gets_through(kind, calls):
            calls += 1
        return calls

    async def _gets_through(self, kind: str, calls: int) -> bool:
        configuration = client.Configuration()
        await config.load_kube_config(self._kubeconfig, client_configuration=configuration)
        async with client.ApiClient(configuration) as api:
            cluster = DyingCluster(api, calls, has_effect=bool(self._has_effect))
            settings = OperatorSettings(namespaces=(self._namespace,))
            clock = lambda: utc_now() + self._ahead  # noqa: E731
            reconciler = Reconciler(cluster, settings, Metrics(), clock)
            try:
                await reconciler.reconcile(kind, self._namespace, NAME)
            except KilledError:
                return False
            except GoneError:
                return True
        return True


def documents(ns: Namespace) -> tuple[Body, Body, Body]:
    store = feature_store_document(
        onlineStore={"elastiCache": {"endpoint": f"{ns.name}.example.com:6379"}},
        deletionPolicy="Teardown",
        materialization={"views": [{"name": "credit_history"}]},
    )
    model = model_deployment_document(
        autoscaling={"maxReplicas": 4, "cpuUtilization": 70}, networkPolicy={}
    )
    return DEFINITIONS, store, model


async def live(ns: Namespace, operator: Operator) -> list[Body]:
    """Take both resources from their creation to Ready; return all that there is then."""
    ns.apply(*documents(ns))
    await operator.until_it_gets_through("ModelDeployment")
    await operator.until_it_gets_through("FeatureStore")
    ns.start_valkey()
    for job in ("preflight", "plan", "apply", "materialize"):
        await operator.until_it_gets_through("FeatureStore")
        finish(ns, job)
    await operator.until_it_gets_through("FeatureStore")
    await operator.until_it_gets_through("ModelDeployment")
    finish(ns, "train")
    await operator.until_it_gets_through("ModelDeployment")
    ns.start_scoring_pods()
    ns.until("2 pods are available", lambda: available(ns) == 2)
    assert await operator.until_it_gets_through("ModelDeployment") > 10
    assert ns.condition("fs", NAME, "Ready")[0] == "True"
    assert ns.condition("md", NAME, "Ready")[0] == "True"
    return everything(ns)


async def die(ns: Namespace, operator: Operator) -> list[Body]:
    """Delete both resources, the data with them; return all that is left."""
    ns.delete("md", NAME)
    ns.delete("fs", NAME, "--wait=false")
    await operator.until_it_gets_through("FeatureStore")
    ns.until("its Jobs' pods are gone", lambda: not any_pod(ns))
    await operator.until_it_gets_through("FeatureStore")
    finish(ns, "teardown")
    await operator.until_it_gets_through("FeatureStore")
    ns.until("it is gone", lambda: ns.find("fs", NAME) is None)
    found = ns.get("jobs,configmaps")["items"]
    return [each for each in found if "hotplate.dev/owner" in str(each["metadata"])]


def finish(ns: Namespace, job: str) -> None:
    """End a Job's pod well, and wait for the Job controller to have noticed."""
    ns.finish(job)
    selector = f"--selector=hotplate.dev/job={job}"

    def has_ended() -> bool:
        jobs = ns.get("jobs", selector)["items"]
        return all(each["status"].get("succeeded") for each in jobs)

    ns.until(f"Job {job} is complete", has_ended)


def any_pod(ns: Namespace) -> list[Body]:
    found: list[Body] = ns.get("pods", "--selector=app.kubernetes.io/component=job")["items"]
    return found


def available(ns: Namespace) -> int:
    status = ns.get("deployment", NAME)["status"]
    count: int = status.get("availableReplicas", 0)
    return count


def everything(ns: Namespace) -> list[Body]:
    """Return the operator's objects and both status, without names and times of their own."""
    kinds = "fs,md,jobs,deployments,services,configmaps,pdb,hpa,networkpolicies,statefulsets"
    found = ns.get(kinds)["items"]
    return sorted((essence(each, ns.name) for each in found), key=str)


def essence(body: Body, namespace: str) -> Body:
    """Return what is the same in every namespace and at all times."""
    conditions = [
        (each["type"], each["status"], each.get("reason"))
        for each in body.get("status", {}).get("conditions", ())
    ]
    labels = {k: v for k, v in body["metadata"].get("labels", {}).items() if "uid" not in k}
    spec = str(body.get("spec", {}).get("replicas"))
    has_status = body["kind"] in {"FeatureStore", "ModelDeployment"}
    return {
        "kind": body["kind"],
        "labels": labels if body["kind"] != "Job" else labels.get("hotplate.dev/job"),
        "replicas": spec,
        "conditions": conditions if has_status else None,
        "finalizers": body["metadata"].get("finalizers"),
    }


@pytest.fixture(scope="module")
def undisturbed(cluster, tmp_path_factory) -> Iterator[Namespace]:  # type: ignore[no-untyped-def]
    """A namespace for an operator that nobody kills."""
    cluster.kubectl("create", "namespace", "undisturbed")
    yield Namespace(cluster, "undisturbed", tmp_path_factory.mktemp("undisturbed"))
    cluster.kubectl("delete", "namespace", "undisturbed", "--wait=false")


@pytest.mark.parametrize("has_effect", [False, True], ids=["before the call", "after the call"])
async def test_killed_at_every_call_the_end_is_the_same(
    ns: Namespace, undisturbed: Namespace, has_effect: bool
) -> None:
    kubeconfig = ns.cluster.kubeconfig
    whole = Operator(kubeconfig, undisturbed.name, has_effect=None)
    killed = Operator(kubeconfig, ns.name, has_effect=has_effect)

    assert await live(ns, killed) == await live(undisturbed, whole)
    assert await die(ns, killed) == await die(undisturbed, whole) == []


@pytest.mark.parametrize("minutes", [-1, 1], ids=["behind", "ahead"])
async def test_with_a_clock_that_is_a_minute_off_each_job_is_made_once(
    ns: Namespace, minutes: int
) -> None:
    kubeconfig, ahead = ns.cluster.kubeconfig, timedelta(minutes=minutes)
    operator = Operator(kubeconfig, ns.name, has_effect=None, ahead=ahead)

    await live(ns, operator)

    jobs = [job["metadata"]["labels"]["hotplate.dev/job"] for job in ns.get("jobs")["items"]]
    assert sorted(jobs) == ["apply", "materialize", "plan", "preflight", "train"]
