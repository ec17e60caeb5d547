"""The chart and the credit scoring example as users install them, on a cluster that runs pods."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cluster.client import Cluster
from cluster.processes import CommandFailedError, output_of
from cluster.settings import CHECKOUT
from support.kubernetes.operator import Body, Namespace

NAMESPACE = "credit-scoring"
NAME = "credit-scoring"
EXAMPLE = CHECKOUT / "examples" / "credit-scoring.yaml"
JOBS_IMAGE = "hotplate/credit-scoring-jobs:0.1.0"
OPERATOR = "app.kubernetes.io/name=hotplate,app.kubernetes.io/component=operator"
VALUES = {
    "images": {"valkey": {"repository": "hotplate/valkey", "tag": "0.1.0"}},
    "resyncSeconds": 15,
}
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
TIMEOUT = "OnlineStoreTimeout"
_READY_SECONDS = 280


class Release(Namespace):
    """The namespace of an installed chart, in which the example is applied."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        super().__init__(cluster, NAMESPACE, folder)
        self._folder = folder

    def log(self, longest: int = 6000) -> str:
        """Return what there is to know of a failure: the resources, the pods, the operator."""
        said = [
            self._said("get", "featurestores,modeldeployments,jobs,pods", "--output=wide"),
            self._said("logs", f"--selector={OPERATOR}", "--tail=40"),
        ]
        return "\n".join(said)[-longest:]

    def until(self, what: str, check: Callable[[], Any], seconds: float = _READY_SECONDS) -> Any:
        """Return what the check returns once it is something; pods take their time."""
        return super().until(what, check, seconds)

    def apply_example(self) -> None:
        """Apply the very file that `hotplate up` runs."""
        self._kubectl("apply", f"--filename={EXAMPLE}")

    def wait_ready(self) -> None:
        """Wait until both resources of the example say so."""
        for kind in ("featurestore", "modeldeployment"):
            flags = ("--for=condition=Ready", f"--timeout={_READY_SECONDS}s")
            try:
                self._kubectl("wait", f"{kind}/{NAME}", *flags)
            except CommandFailedError as error:
                raise AssertionError(f"{error}\n{self.log()}") from None

    def score(self, application: Body, service: str = NAME) -> Body:
        """Return the decision on an application, asked for through a Service."""
        return self.score_many([application], service)[0]

    def score_many(self, applications: list[Body], service: str = NAME) -> list[Body]:
        """Return the decisions on applications; those that met the feature deadline, once more."""
        for _ in range(10):
            answer = self._post(f"{service}:http/proxy/score_many", {"rows": applications})
            decisions: list[Body] = answer["decisions"]
            if not timed_out(decisions):
                break
        return decisions

    def run_pod(
        self,
        name: str,
        command: list[str],
        image: str = JOBS_IMAGE,
        labels: dict[str, str] | None = None,
    ) -> None:
        """Start a pod of the test's own under the restricted Pod Security standard."""
        container = {
            "name": "main",
            "image": image,
            "command": command,
            "securityContext": RESTRICTED,
        }
        spec = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "containers": [container],
        }
        metadata = {"name": name, "labels": labels or {}}
        self.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})

    def wait_pod(self, name: str, phase: str) -> None:
        """Wait until a pod is in a phase."""
        self._kubectl("wait", f"pod/{name}", f"--for=jsonpath={{.status.phase}}={phase}")

    def execute(self, pod: str, *command: str) -> str:
        """Return what a command in a pod prints."""
        return self._kubectl("exec", pod, "--", *command)

    def pods(self, selector: str) -> list[Body]:
        """Return the pods with these labels."""
        found: list[Body] = self.get("pods", f"--selector={selector}")["items"]
        return found

    def kill_operator(self) -> None:
        """End the operator's process as a node's failure would: by a kill, at once."""
        flags = (f"--selector={OPERATOR}", "--grace-period=0", "--force", "--wait=false")
        self.delete("pods", *flags)

    def copy_from(self, pod: str, path: str, folder: Path) -> None:
        """Copy a folder out of a pod."""
        self._kubectl("cp", f"{pod}:{path}", str(folder))

    def _post(self, path: str, body: object) -> Body:
        file = self._folder / "body.json"
        file.write_text(json.dumps(body))
        url = f"/api/v1/namespaces/{self.name}/services/{path}"
        answer: Body = json.loads(self._kubectl("create", "--raw", url, f"--filename={file}"))
        return answer

    def _kubectl(self, *arguments: str) -> str:
        return self.cluster.kubectl(f"--namespace={self.name}", *arguments)

    def _said(self, *arguments: str) -> str:
        try:
            return self._kubectl(*arguments)
        except CommandFailedError as error:
            return str(error)


def timed_out(decisions: list[Body]) -> bool:
    """Tell whether one of the decisions had to do without features, for want of time."""
    return any(reason["code"] == TIMEOUT for each in decisions for reason in each["reasons"])


@contextmanager
def local_run(manifest: Path, state: Path, port: int) -> Iterator[str]:
    """Run a manifest by `hotplate up`; yields the bento's address."""
    hotplate = [sys.executable, "-m", "hotplate.cli"]
    where = ["--state", str(state)]
    try:
        output_of([*hotplate, "up", "-d", str(manifest), *where, f"--port={port}"], seconds=280)
        yield f"http://127.0.0.1:{port}"
    finally:
        subprocess.run([*hotplate, "down", *where], check=False)


def decided(decisions: list[Body]) -> list[tuple[Any, ...]]:
    """Return what must be the same wherever the decisions were made."""
    return [
        (
            each["decision"],
            round(each["probability"] or 0, 6),
            [reason["code"] for reason in each["reasons"]],
            {view: read["status"] for view, read in each["features"].items()},
        )
        for each in decisions
    ]
