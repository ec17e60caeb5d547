"""The operator as a process on a real API server, where the test plays the kubelets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cluster.client import Cluster
from cluster.processes import CommandFailedError, free_port
from support import job_results

Body = dict[str, Any]

DEFINITIONS: Body = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "credit-features"},
    "data": {"features.py": ""},
}
_SECONDS = 90.0


class Namespace:
    """A namespace with an operator, seen with kubectl."""

    def __init__(self, cluster: Cluster, namespace: str, folder: Path) -> None:
        self.cluster = cluster
        self.name = namespace
        self._log = folder / "operator.log"
        self.metrics = f"127.0.0.1:{free_port()}"

    @contextmanager
    def operator(self, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run the operator; it is killed at the end of the block at the latest."""
        own = {
            "KUBECONFIG": str(self.cluster.kubeconfig),
            "HOTPLATE_NAMESPACES": self.name,
            "HOTPLATE_LIVENESS": f"http://127.0.0.1:{free_port()}/healthz",
            "HOTPLATE_METRICS": self.metrics,
            "HOTPLATE_RESYNC": "2",
        }
        command = [sys.executable, "-m", "hotplate.controller"]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                command, env=os.environ | own | environment, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def apply(self, *documents: Body) -> None:
        """Apply resources as a user would."""
        for document in documents:
            document["metadata"]["namespace"] = self.name
        self.cluster.apply(*documents)

    def get(self, *arguments: str) -> Body:
        """Return what kubectl finds in the namespace."""
        return self.cluster.get(f"--namespace={self.name}", *arguments)

    def find(self, *arguments: str) -> Body | None:
        """Return what kubectl finds, or None."""
        try:
            return self.get(*arguments)
        except CommandFailedError as error:
            if "NotFound" in str(error):
                return None
            raise

    def delete(self, *arguments: str) -> None:
        """Delete objects by hand."""
        self.cluster.kubectl("delete", f"--namespace={self.name}", *arguments)

    def patch(self, kind: str, name: str, patch: Body, *, status: bool = False) -> None:
        """Change an object by hand."""
        flags = ["--type=merge", f"--patch={json.dumps(patch)}"]
        flags += ["--subresource=status"] if status else []
        self.cluster.kubectl("patch", f"--namespace={self.name}", kind, name, *flags)

    def until(self, what: str, check: Callable[[], Any], seconds: float = _SECONDS) -> Any:
        """Return what the check returns once it is something."""
        deadline = time.monotonic() + seconds
        while not (found := check()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds:.0f} s: {what}\n{self.log()}")
            time.sleep(0.2)
        return found

    def condition(self, kind: str, name: str, condition: str) -> tuple[str, str, str]:
        """Return status, reason and message of a condition."""
        for each in self.get(kind, name).get("status", {}).get("conditions", ()):
            if each["type"] == condition:
                return each["status"], each["reason"], each.get("message", "")
        return "", "", ""

    def until_condition(self, kind: str, name: str, condition: str, wanted: str) -> str:
        """Wait until a condition has a reason; return its message."""

        def reached() -> tuple[str, str, str] | None:
            found = self.condition(kind, name, condition)
            return found if found[1] == wanted else None

        what = f"{condition} of {kind} {name} is {wanted}"
        message: str = self.until(what, reached)[2]
        return message

    def applied(self) -> int:
        """Return how many server-side applies the API server has had, also those without effect.

        Kubernetes' own controllers do none, so they are the operator's and the test's.
        """
        lines = self.cluster.kubectl("get", "--raw", "/metrics").splitlines()
        counted = (
            line
            for line in lines
            if line.startswith("apiserver_request_total{") and 'verb="APPLY"' in line
        )
        return int(sum(float(line.rpartition(" ")[2]) for line in counted))

    def stays_as_it_is(self, seconds: float = 5) -> bool:
        """Return whether the operator applies nothing for a while."""
        before = self.applied()
        time.sleep(seconds)
        return self.applied() == before

    def start_valkey(self, name: str = "credit-scoring-valkey") -> None:
        """Play the kubelet of the embedded Valkey: its pod is ready."""
        self.until("Valkey's pod", lambda: self.find("pod", f"{name}-0"))
        ready = {"type": "Ready", "status": "True"}
        status = {"phase": "Running", "conditions": [ready]}
        self.patch("pod", f"{name}-0", {"status": status}, status=True)

    def start_scoring_pods(self, count: int = 2) -> None:
        """Play the kubelets of the scoring pods: they are ready."""

        def pods() -> list[Body] | None:
            found = self.get("pods", "--selector=app.kubernetes.io/component=scoring")["items"]
            return found if len(found) >= count else None

        for pod in self.until(f"{count} scoring pods", pods):
            ready = {
                "type": "Ready",
                "status": "True",
                "lastTransitionTime": "2026-11-24T00:00:00Z",
            }
            status = {"phase": "Running", "conditions": [ready]}
            self.patch("pod", pod["metadata"]["name"], {"status": status}, status=True)

    def quiet(self, count: Callable[[], int], seconds: float = 2) -> None:
        """Wait until what is counted has stayed the same for a while."""
        last = -1
        while (now := count()) != last:
            last = now
            time.sleep(seconds)

    def job_pods(self, job: str) -> list[Body]:
        """Return the pods of that kind of Job that have not ended."""
        selector = f"--selector=hotplate.dev/job={job}"
        pods: list[Body] = self.get("pods", selector)["items"]
        return [pod for pod in pods if pod["status"].get("phase") not in ("Succeeded", "Failed")]

    def finish(self, job: str, count: int = 1, **result: Any) -> None:
        """Play the kubelet of Jobs: their pods end well, with their usual results."""
        for _ in range(count):
            pods = self.until(f"a pod of Job {job}", lambda: self.job_pods(job))
            self.end(pods[0], json.dumps(job_results.document(job, **result)), 0)

    def crash(self, job: str, message: str, exit_code: int = 1, reason: str = "Error") -> None:
        """Play the kubelet of a Job: its pod ends badly."""
        pods = self.until(f"a pod of Job {job}", lambda: self.job_pods(job))
        self.end(pods[0], message, exit_code, reason)

    def fail_job(self, pod: Body, message: str, exit_code: int = 1, reason: str = "Error") -> None:
        """Play the kubelet of a Job's pod that ends badly, and let the Job not try again."""
        job = pod["metadata"]["labels"]["batch.kubernetes.io/job-name"]
        self.patch("job", job, {"spec": {"backoffLimit": 0}})
        self.end(pod, message, exit_code, reason)

    def log(self, longest: int = 6000) -> str:
        """Return the end of the operator's log."""
        return self._log.read_text()[-longest:] if self._log.is_file() else ""

    def end(self, pod: Body, message: str, exit_code: int, reason: str = "Completed") -> None:
        """Play the kubelet of a Job: its pod ended."""
        terminated = {
            "exitCode": exit_code,
            "reason": reason,
            "message": message,
            "startedAt": "2026-11-24T00:00:00Z",
            "finishedAt": "2026-11-24T00:00:01Z",
        }
        container = {
            "name": "job",
            "image": "x",
            "imageID": "x",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": terminated},
        }
        phase = "Succeeded" if exit_code == 0 else "Failed"
        status = {"phase": phase, "containerStatuses": [container]}
        self.patch("pod", pod["metadata"]["name"], {"status": status}, status=True)
