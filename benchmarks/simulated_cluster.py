"""A control plane without nodes or controllers, where this process plays both: Jobs end at once,
with the results that real ones have, and Deployments are available.

Each request is counted, so that what is left of the API server's own count is the operator's.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

from cluster.control_plane import ControlPlane
from cluster.settings import CRDS
from support.job_results import RESULTS, document

Body = dict[str, Any]
NAMESPACE = "scale"
STARTED, ENDED = "2026-11-24T00:00:00Z", "2026-11-24T00:00:01Z"
HOTPLATE = f"/apis/hotplate.dev/v1alpha1/namespaces/{NAMESPACE}"
BATCH = f"/apis/batch/v1/namespaces/{NAMESPACE}"
APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
CORE = f"/api/v1/namespaces/{NAMESPACE}"
AT_ONCE = 16
Requests = Counter[tuple[str, str]]
"""Requests by verb, as the API server calls it, and resource."""


class SimulatedCluster:
    """The API server, and what nodes and controllers would do."""

    def __init__(self, session: aiohttp.ClientSession, views: list[str]) -> None:
        self._session = session
        self._results = {name: document(name) for name in RESULTS}
        self._results["apply"] = document("apply", views=views)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._seen: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.own: Requests = Counter()
        self.ready: set[str] = set()
        self.failed: list[BaseException] = []
        self._changed = asyncio.Condition()

    async def create(self, path: str, body: Body) -> None:
        await self._write("post", path, body)

    async def until_ready(self, count: int, seconds: float) -> bool:
        """Wait until so many resources are Ready; return whether they are in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: len(self.ready) >= count or self.failed)
        if self.failed:
            raise self.failed[0]
        return len(self.ready) >= count

    async def requests(self) -> Requests:
        """Return the requests that are not this process's, other than watches."""
        async with self._session.get("/metrics") as response:
            lines = (await response.text()).splitlines()
        counted: Requests = Counter()
        for line in lines:
            if line.startswith("apiserver_request_total{"):
                labels, _, value = line.removeprefix("apiserver_request_total{").rpartition("} ")
                found = dict(pair.split("=", 1) for pair in labels.replace('"', "").split(","))
                counted[found["verb"], found["resource"]] += int(float(value))
        ours = ("featurestores", "modeldeployments", "jobs", "pods", "configmaps", "events")
        more = ("services", "deployments", "statefulsets", "poddisruptionbudgets", "secrets")
        others = ("horizontalpodautoscalers", "networkpolicies", "ingresses", "")
        counted -= self.own
        return Counter(
            {
                (verb, resource): count
                for (verb, resource), count in counted.items()
                if resource in (*ours, *more, *others) and verb not in ("WATCH", "CONNECT")
            }
        )

    async def _write(self, method: str, path: str, body: Body) -> None:
        headers = {"Content-Type": "application/merge-patch+json"} if method == "patch" else {}
        _, _, rest = path.partition(f"/namespaces/{NAMESPACE}/")
        self.own[method.upper(), rest.partition("/")[0]] += 1
        async with (
            self._slots,
            self._session.request(
                method,
                path,
                data=json.dumps(body),
                headers={"Content-Type": "application/json"} | headers,
            ) as response,
        ):
            if response.status >= 300:
                raise RuntimeError(f"{method} {path}: {response.status} {await response.text()}")

    async def play(self) -> None:
        """Play nodes and controllers until cancelled."""
        await asyncio.gather(
            self._watch(f"{BATCH}/jobs", self._end_job),
            self._watch(f"{APPS}/deployments", self._scale),
            self._watch(f"{HOTPLATE}/featurestores", self._note),
            self._watch(f"{HOTPLATE}/modeldeployments", self._note),
        )

    async def _watch(self, path: str, act: Callable[[Body], Awaitable[None]]) -> None:
        parameters = {"watch": "true", "sendInitialEvents": "true", "allowWatchBookmarks": "true"}
        parameters |= {"resourceVersionMatch": "NotOlderThan"}
        while True:  # a kind that is new is not served at once, and its first watches may end
            async with self._session.get(path, params=parameters, timeout=None) as response:
                if response.status != 200:
                    await asyncio.sleep(0.1)
                    continue
                while line := await response.content.readline():
                    event = json.loads(line)
                    if event["type"] in ("ADDED", "MODIFIED"):
                        task = asyncio.create_task(act(event["object"]))  # type: ignore[arg-type]
                        self._tasks.add(task)
                        task.add_done_callback(self.ended)

    def ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed.append(error)

    async def _end_job(self, job: Body) -> None:
        uid, name = job["metadata"]["uid"], job["metadata"]["name"]
        if uid in self._seen:
            return
        self._seen.add(uid)
        labels = job["spec"]["template"]["metadata"]["labels"]
        labels = labels | {"batch.kubernetes.io/job-name": name}
        spec = {"restartPolicy": "Never", "containers": [{"name": "job", "image": "x"}]}
        await self.create(
            f"{CORE}/pods", {"metadata": {"name": name, "labels": labels}, "spec": spec}
        )
        message = json.dumps(self._results[job["metadata"]["labels"]["hotplate.dev/job"]])
        times = {"startedAt": STARTED, "finishedAt": ENDED}
        terminated = {"exitCode": 0, "reason": "Completed", "message": message, **times}
        container = {"name": "job", "image": "x", "imageID": "x", "ready": False}
        container |= {"restartCount": 0, "state": {"terminated": terminated}}
        status = {"phase": "Succeeded", "containerStatuses": [container]}
        await self._write("patch", f"{CORE}/pods/{name}/status", {"status": status})
        ended = {"status": "True", "lastTransitionTime": ENDED, "lastProbeTime": ENDED}
        conditions = [{"type": kind, **ended} for kind in ("SuccessCriteriaMet", "Complete")]
        status = {"startTime": STARTED, "completionTime": ENDED, "succeeded": 1}
        status |= {"conditions": conditions, "uncountedTerminatedPods": {}}
        await self._write("patch", f"{BATCH}/jobs/{name}/status", {"status": status})

    async def _scale(self, deployment: Body) -> None:
        wanted, generation = deployment["spec"]["replicas"], deployment["metadata"]["generation"]
        if deployment.get("status", {}).get("observedGeneration") == generation:
            return
        counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        status = {"observedGeneration": generation, **dict.fromkeys(counts, wanted)}
        name = deployment["metadata"]["name"]
        await self._write("patch", f"{APPS}/deployments/{name}/status", {"status": status})

    async def _note(self, resource: Body) -> None:
        key = f"{resource['kind']}/{resource['metadata']['name']}"
        conditions = resource.get("status", {}).get("conditions", ())
        is_ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
        async with self._changed:
            (self.ready.add if is_ready else self.ready.discard)(key)
            self._changed.notify_all()


@asynccontextmanager
async def simulated_cluster(
    folder: Path, views: list[str]
) -> AsyncIterator[tuple[SimulatedCluster, Path]]:
    """Run a control plane that is simulated on; yield it and its kubeconfig."""
    plane = ControlPlane(folder)
    try:
        plane.start_without_controllers(sorted(CRDS.glob("*.yaml")))
        tls = ssl.create_default_context(cafile=str(plane.certificate))
        connector = aiohttp.TCPConnector(ssl=tls, limit=2 * AT_ONCE)
        headers = {"Authorization": f"Bearer {plane.token}"}
        async with aiohttp.ClientSession(
            plane.server, connector=connector, headers=headers, read_bufsize=2**22
        ) as session:
            cluster = SimulatedCluster(session, views)
            await cluster.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
            await cluster.create(f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
            playing = asyncio.create_task(cluster.play())
            playing.add_done_callback(cluster.ended)
            try:
                yield cluster, folder / "kubeconfig"
            finally:
                playing.cancel()
    finally:
        plane.stop()
