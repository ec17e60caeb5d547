"""Why a pod does not start, from its status alone."""

from __future__ import annotations

from collections.abc import Iterator

from hotplate.controller.kube.manifest import Manifest
from hotplate.decide.jobs.waits import WAITS

_SAME_REASON = {"ErrImagePull": "ImagePullBackOff"}
"""The kubelet reports the first while it pulls, the second between two tries."""

_BETWEEN_TRIES = ": ErrImagePull: "


def waiting(pod: Manifest) -> tuple[str, str] | None:
    """Return the reason, one of `WAITS`, and Kubernetes' message; None if it does not wait."""
    return next(_waits(pod.get("status", {})), None)


def _waits(status: Manifest) -> Iterator[tuple[str, str]]:
    for container in (
        *status.get("initContainerStatuses", ()),
        *status.get("containerStatuses", ()),
    ):
        state = container.get("state", {}).get("waiting", {})
        reason = _SAME_REASON.get(state.get("reason", ""), state.get("reason", ""))
        if reason in WAITS:
            yield reason, str(state.get("message", "")).rpartition(_BETWEEN_TRIES)[2]
    for condition in status.get("conditions", ()):
        if condition.get("reason") in WAITS:
            yield str(condition["reason"]), str(condition.get("message", ""))
