"""The scoring pods, and why they do not start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hotplate.api import ModelDeployment
from hotplate.controller.children.metadata import selector
from hotplate.controller.children.scoring import COMPONENT, CONTAINER
from hotplate.controller.kube.client import Cluster
from hotplate.controller.kube.manifest import Manifest, name_of
from hotplate.controller.observe.hints import HINTS, with_hint
from hotplate.controller.observe.pod_state import waiting

_LONGEST = 500
"""Characters of a pod's last output."""


async def scoring_pods(cluster: Cluster, model_deployment: ModelDeployment) -> list[Manifest]:
    """Return the bodies of the pods that score."""
    labels, namespace = selector(model_deployment, COMPONENT), model_deployment.metadata.namespace
    return await cluster.list("v1", "Pod", namespace, labels)


def pods_problem(pods: Iterable[Manifest]) -> str:
    """Return why a pod does not start: its last output, or what it waits for; empty if none."""
    return next((f"pod {name_of(pod)}: {each}" for pod in pods for each in _problems(pod)), "")


def _problems(pod: Manifest) -> Iterator[str]:
    for container in pod.get("status", {}).get("containerStatuses", ()):
        if container.get("name") == CONTAINER and not container.get("ready"):
            yield from _end(container)
    if (found := waiting(pod)) is not None:
        reason, message = found
        yield f"{reason}: {with_hint(reason, message)}"


def _end(container: Manifest) -> Iterator[str]:
    """Yield how the container last ended, if it did."""
    state, last = container.get("state", {}), container.get("lastState", {})
    ended = last.get("terminated") or state.get("terminated")
    if not ended:
        return
    reason, written = str(ended.get("reason", "")), str(ended.get("message", "")).strip()
    code = f"exit code {ended['exitCode']}" if "exitCode" in ended else ""
    parts = (reason, written[-_LONGEST:] or code, HINTS.get(reason, ""))
    yield ": ".join(part for part in parts if part)
