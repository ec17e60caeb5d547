"""Bodies of Jobs and their pods as a cluster returns them, for tests of the controller."""

from __future__ import annotations

import json
from typing import Any

Body = dict[str, Any]


def job_body(name: str = "job", **status: Any) -> Body:
    """Return the body of a materialization Job; it runs unless its status says otherwise."""
    times = {"startTime": "2026-11-24T00:00:00Z"}
    metadata = {"name": name, "labels": {"hotplate.dev/job": "materialize"}}
    return {"kind": "Job", "metadata": metadata, "status": times | status}


def completed(name: str = "job") -> Body:
    """Return the body of a Job that ended well."""
    condition = {"type": "Complete", "status": "True"}
    return job_body(name, conditions=[condition], completionTime="2026-11-24T00:01:00Z")


def failed(name: str = "job", reason: str = "BackoffLimitExceeded") -> Body:
    """Return the body of a Job that was given up."""
    condition = {
        "type": "Failed",
        "status": "True",
        "reason": reason,
        "message": "Job was active longer than specified deadline",
        "lastTransitionTime": "2026-11-24T00:01:00Z",
    }
    return job_body(name, conditions=[condition])


def pod_body(
    message: str = "", *, exit_code: int = 0, reason: str | None = None, init: str | None = None
) -> Body:
    """Return the body of a Job's pod that ended; `init` is what its init container wrote."""
    default = "Completed" if exit_code == 0 else "Error"
    terminated = {"exitCode": exit_code, "reason": reason or default, "message": message}
    status: Body = {
        "phase": "Succeeded" if exit_code == 0 else "Failed",
        "containerStatuses": [{"name": "job", "state": {"terminated": terminated}}],
    }
    if init is not None:
        state = {"terminated": {"exitCode": 0, "message": init}}
        status["initContainerStatuses"] = [{"name": "definitions", "state": state}]
    metadata = {"name": "job-abcde", "creationTimestamp": "2026-11-24T00:00:01Z"}
    return {"kind": "Pod", "metadata": metadata, "status": status}


def result(**fields: Any) -> str:
    """Return a result as a Job writes it."""
    return json.dumps(fields) + "\n"
