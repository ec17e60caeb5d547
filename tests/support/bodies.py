"""The two bodies of the decisions, lived by the same script: the operator, and a local run.

The operator reconciles in this process against a real API server, of which the test plays the
kubelets; the Jobs, server and clock of the local run are played. What their statuses have in common
is compared: times, hashes and addresses are each body's own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from kubernetes.aio import client, config

from cluster.processes import CommandFailedError
from hotplate.api import FeatureStore, ModelDeployment, parse_resource
from hotplate.controller.kube.client import Cluster
from hotplate.controller.metrics.operator import Metrics
from hotplate.controller.reconciler import Reconciler, utc_now
from hotplate.controller.settings import OperatorSettings
from hotplate.protocol.job_results import FailedResult
from support.api.resources import feature_store_document, model_deployment_document
from support.kubernetes.operator import DEFINITIONS, Namespace
from support.local.played import LocalLife

NAME = "credit-scoring"
Spec = dict[str, Any]
Status = dict[str, Any]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_JOB = re.compile(rf"{NAME}-([a-z]+)-[0-9a-f]{{8}}")
_OWN = (
    "inputs",
    "observedReferences",
    "status.embeddedStorePodUID",
    "status.url",
    "stable.revision",
    "stable.image",
)
"""The ends of the paths of fields that are each body's own: hashes of its own, and addresses."""

_ON_A_CLUSTER = ("status.selector",)
"""The end of the path of a field that only pods have."""

_NOTE = "no ServiceMonitor: the Prometheus Operator's kinds are not in this cluster"
"""What the operator notes of a cluster, which a machine does not have."""

_READ = ("apiVersion", "kind", "metadata", "spec", "status")


class Body(Protocol):
    """What a script may do to a body."""

    def edit(self, store: Spec | None = None, model: Spec | None = None) -> None:
        """Apply other fields of the specs."""

    def define(self, text: str) -> None:
        """Change the definitions."""

    def look(self) -> Status:
        """Decide until nothing changes; return both statuses as far as they can be compared."""

    def finish(self, job: str, **result: Any) -> None:
        """End the Jobs of that kind that run well."""

    def fail(self, job: str, reason: str) -> None:
        """Let a Job of that kind fail for good."""

    def crash(self, job: str, reason: str) -> None:
        """Let one attempt of a Job of that kind fail, and the next one begin."""

    def exceed(self, job: str) -> None:
        """Let a Job of that kind take longer than its deadline."""

    def forget(self, job: str) -> None:
        """Let the time pass for which finished Jobs of that kind are kept."""

    def later(self, duration: timedelta) -> None:
        """Let time pass."""

    def serve(self) -> None:
        """Let what should serve come up."""


class Operator:
    """The operator on a namespace of a cluster."""

    def __init__(self, ns: Namespace, kubeconfig: Path) -> None:
        self._ns, self._kubeconfig = ns, str(kubeconfig)
        self._ahead = timedelta()
        self._spec: dict[str, Spec] = {"store": {}, "model": {}}
        ns.apply(DEFINITIONS)

    def edit(self, store: Spec | None = None, model: Spec | None = None) -> None:
        is_first = not self._spec["store"]
        self._spec["store"] |= store or {}
        self._spec["model"] |= model or {}
        self._ns.apply(feature_store_document(**self._spec["store"]))
        self._ns.apply(model_deployment_document(**self._spec["model"]))
        if is_first:
            self._reconcile()
            self._ns.start_valkey()

    def define(self, text: str) -> None:
        self._ns.apply(DEFINITIONS | {"data": {"features.py": text}})

    def look(self) -> Status:
        before = None
        while (now := self._statuses()) != before:
            before = now
            self._reconcile()
            self._ns.until("Jobs that were given up are gone", lambda: not self._going())
        return now

    def finish(self, job: str, **result: Any) -> None:
        end = {"end": (utc_now() + self._ahead).isoformat()} if job == "materialize" else {}
        for pod in self._pods(job):
            self._ns.finish(job, **(end | result))
            self._until_ended(_job(pod))

    def fail(self, job: str, reason: str) -> None:
        (pod, *_) = self._pods(job)
        message = FailedResult(reason=reason, message="no").to_json()
        body = self._ns.get("job", _job(pod))
        if body["status"].get("failed", 0) < body["spec"]["backoffLimit"]:
            self._ns.fail_job(pod, message)
        else:
            self._ns.end(pod, message, 1, "Error")
        self._until_ended(_job(pod))

    def crash(self, job: str, reason: str) -> None:
        (pod, *_) = self._pods(job)
        self._ns.end(pod, FailedResult(reason=reason, message="no").to_json(), 1, "Error")
        name = pod["metadata"]["name"]
        others = lambda: [p for p in self._ns.job_pods(job) if p["metadata"]["name"] != name]  # noqa: E731
        self._ns.until(f"another pod of {job}", others)

    def exceed(self, job: str) -> None:
        """The deadline is a real one: seconds."""
        selector = f"--selector=hotplate.dev/job={job}"
        for each in self._ns.get("jobs", selector)["items"]:
            self._until_ended(each["metadata"]["name"])

    def forget(self, job: str) -> None:
        self._ns.delete("jobs", f"--selector=hotplate.dev/job={job}", "--wait=true")

    def later(self, duration: timedelta) -> None:
        self._ahead += duration

    def serve(self) -> None:
        self.look()

        def is_complete() -> bool:
            try:
                self._ns.start_scoring_pods(1)
            except CommandFailedError:  # a pod of before is gone by now
                return False
            status = self._ns.get("deployment", NAME)["status"]
            counts = [status.get(f"{each}Replicas", 0) for each in ("updated", "available")]
            return counts == [1, 1] and status.get("replicas") == 1

        self._ns.until("the pods are available", is_complete)

    def _reconcile(self) -> None:
        asyncio.run(self._reconciled())

    async def _reconciled(self) -> None:
        configuration = client.Configuration()
        await config.load_kube_config(self._kubeconfig, client_configuration=configuration)
        async with client.ApiClient(configuration) as api:
            settings = OperatorSettings(namespaces=(self._ns.name,))
            clock: Callable[[], datetime] = lambda: utc_now() + self._ahead  # noqa: E731
            reconciler = Reconciler(Cluster(api), settings, Metrics(), clock)
            for kind in ("FeatureStore", "ModelDeployment"):
                await reconciler.reconcile(kind, self._ns.name, NAME)

    def _statuses(self) -> Status:
        store, model = (parse_resource(_read(self._ns.get(kind, NAME))) for kind in ("fs", "md"))
        return comparable(store) | comparable(model)

    def _pods(self, job: str) -> list[Any]:
        found: list[Any] = self._ns.until(f"pods of {job}", lambda: self._ns.job_pods(job))
        return found

    def _until_ended(self, name: str) -> None:
        def has_ended() -> bool:
            told = self._ns.get("job", name)["status"].get("conditions", ())
            return any(each["type"] in {"Complete", "Failed"} for each in told)

        self._ns.until(f"Job {name} has ended", has_ended)

    def _going(self) -> bool:
        jobs = self._ns.get("jobs")["items"]
        return any("deletionTimestamp" in each["metadata"] for each in jobs)


class LocalRun:
    """A local run in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._life: LocalLife | None = None

    @property
    def life(self) -> LocalLife:
        """The run, which begins with the first manifest."""
        assert self._life is not None, "no manifest yet"
        return self._life

    def edit(self, store: Spec | None = None, model: Spec | None = None) -> None:
        if self._life is None:
            self._life = LocalLife(self._folder, store, model)
            self._life.now = utc_now()
        else:
            self.life.change(store=store, model=model)

    def define(self, text: str) -> None:
        (self.life.definitions / "features.py").write_text(text)
        self.life.change()

    def look(self) -> Status:
        self.life.step()
        reconciled = self.life.reconciled
        model_deployment = comparable(reconciled.model_deployment)
        return comparable(reconciled.feature_store) | model_deployment

    def finish(self, job: str, **result: Any) -> None:
        self._pass()
        self.life.play_end(job, **result)

    def fail(self, job: str, reason: str) -> None:
        self._pass()
        (name, *_) = self.life.running(job)
        while name in self.life.runner.calls:
            self.life.play_fail(name, reason)
            self.later(timedelta(minutes=1))

    def crash(self, job: str, reason: str) -> None:
        self._pass()
        (name, *_) = self.life.running(job)
        self.life.play_fail(name, reason)
        self.later(timedelta(minutes=1))
        assert name in self.life.runner.calls

    def exceed(self, job: str) -> None:
        self.later(timedelta(minutes=1))
        assert not self.life.running(job)

    def forget(self, job: str) -> None:
        for each in self.life.state.finished_jobs.all():
            if each.job == job:
                self.life.state.finished_jobs.delete(each.name)

    def later(self, duration: timedelta) -> None:
        self.life.now += duration
        self.life.jobs.advance({}, self.life.now)

    def serve(self) -> None:
        self.look()
        self.life.serve()

    def _pass(self) -> None:
        """Let a second pass, as a cluster takes it for each Job."""
        self.life.now += timedelta(seconds=1)


def comparable(resource: FeatureStore | ModelDeployment) -> Status:
    """Return the fields that both bodies report alike of a resource, by their paths."""
    status = resource.status.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {f"{resource.kind}.{path}": value for path, value in _fields(status, "status")}


def _fields(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield path and value of each field, without what is each body's own."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _fields(each, f"{path}.{key}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            name = each.get("name", each.get("type", number)) if isinstance(each, dict) else number
            yield from _fields(each, f"{path}[{name}]")
    elif path.endswith(_ON_A_CLUSTER) or value == _NOTE:
        yield path, ""
    elif path.endswith(_OWN):
        yield path, "own" if value else ""
    else:
        is_text = isinstance(value, str)
        yield path, _JOB.sub(r"\1", _TIME.sub("time", value)) if is_text else value


def _job(pod: Any) -> str:
    return str(pod["metadata"]["labels"]["batch.kubernetes.io/job-name"])


def _read(body: Any) -> Any:
    """Return what a manifest may have of a body."""
    return {key: value for key, value in body.items() if key in _READ}
