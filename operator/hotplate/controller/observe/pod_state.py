"""What keeps a pod from running, told from its status alone."""

from __future__ import annotations

from collections.abc import Iterator

from hotplate.controller.kube.manifest import Manifest
from hotplate.decide.waits import WAITS

_ONE_WORD = {"ErrImagePull": "ImagePullBackOff"}
"""The kubelet says the one while it tries, the other between two tries."""

_BETWEEN_TRIES = ": ErrImagePull: "


def waiting(pod: Manifest) -> tuple[str, str] | None:
    """Return the reason, one of `WAITS`, and what Kubernetes says, or None."""
    return next(_waits(pod.get("status", {})), None)


def said(reason: str, message: str) -> str:
    """Return the message and what to do."""
    return ": ".join(part for part in (message, WAITS.get(reason, "")) if part)


def _waits(status: Manifest) -> Iterator[tuple[str, str]]:
    for container in (
        *status.get("initContainerStatuses", ()),
        *status.get("containerStatuses", ()),
    ):
        told = container.get("state", {}).get("waiting", {})
        reason = _ONE_WORD.get(told.get("reason", ""), told.get("reason", ""))
        if reason in WAITS:
            yield reason, str(told.get("message", "")).rpartition(_BETWEEN_TRIES)[2]
    for condition in status.get("conditions", ()):
        if condition.get("reason") in WAITS:
            yield str(condition["reason"]), str(condition.get("message", ""))
