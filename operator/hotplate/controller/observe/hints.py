"""What to do about a reason for which a pod or Job failed, or does not start."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hotplate.decide.jobs.limits import limit_hint
from hotplate.decide.jobs.waits import WAITS

HINTS: Mapping[str, str] = MappingProxyType(
    {
        "Evicted": "the node ran short: set requests in its resources so that the pod is kept",
        "NoResult": "the Job ended well but wrote no result: is its image of Hotplate's version?",
        "InvalidResult": "the Job's result is not of its kind: is its image of Hotplate's version?",
        **WAITS,
    }
)
"""Reasons of Kubernetes and of the operator; those that a Job reports come with their fix."""


def with_hint(reason: str, message: str, job: str = "") -> str:
    """Return the message, and what to do about the reason; `job` is the name of the Job, if any."""
    hint = limit_hint(reason, job) or HINTS.get(reason, "")
    return ": ".join(part for part in (message, hint) if part)
