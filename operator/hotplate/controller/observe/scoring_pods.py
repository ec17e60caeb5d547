"""Why the pods that score do not come up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hotplate.controller.children.scoring import CONTAINER
from hotplate.controller.kube.manifest import Manifest
from hotplate.controller.observe.job_outcome import HINTS
from hotplate.controller.observe.pod_state import said, waiting

_LONGEST = 500
"""Characters of what a pod wrote last."""


def pods_problem(pods: Iterable[Manifest]) -> str:
    """Return why a pod does not come up: what it wrote when it ended, or what it waits for."""
    return next((f"pod {_name(pod)}: {each}" for pod in pods for each in _problems(pod)), "")


def _problems(pod: Manifest) -> Iterator[str]:
    for container in pod.get("status", {}).get("containerStatuses", ()):
        if container.get("name") == CONTAINER and not container.get("ready"):
            yield from _end(container)
    if (found := waiting(pod)) is not None:
        reason, message = found
        yield f"{reason}: {said(reason, message)}"


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


def _name(pod: Manifest) -> str:
    return str(pod["metadata"]["name"])
