"""How a Job is doing, from its conditions and its pods' termination messages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hotplate.api.v1alpha1 import names
from hotplate.controller.children.definitions import INIT_CONTAINER
from hotplate.controller.children.jobs import CONTAINER
from hotplate.controller.kube.manifest import Manifest
from hotplate.controller.observe.hints import with_hint
from hotplate.controller.observe.pod_state import waiting
from hotplate.decide.observed import JobState, Outcome
from hotplate.protocol.job_results import CommitResult, FailedResult, parse_failure, parse_result

_LAST_LINES = 5
_LONGEST_LINE = 300


def outcome(job: Manifest, pods: Sequence[Manifest]) -> Outcome:
    """Return how the Job is doing; `pods` are its pods, in any order."""
    status = job.get("status", {})
    conditions = {each["type"]: each for each in status.get("conditions", ()) if _holds(each)}
    newest = max(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), default=None)
    started, name = _time(status.get("startTime")), _name(job)
    if "Complete" in conditions:
        finished = _time(status.get("completionTime"))
        return _succeeded(name, _succeeded_pod(pods), (started, finished))
    if "Failed" in conditions:
        condition = conditions["Failed"]
        reason, message, result = _failure(newest, condition)
        return Outcome(
            JobState.FAILED,
            reason,
            with_hint(reason, message, name),
            result,
            started=started,
            finished=_time(condition.get("lastTransitionTime")),
        )
    reason, message = _waiting(newest)
    return Outcome(JobState.RUNNING, reason, with_hint(reason, message), started=started)


def _succeeded(name: str, pod: Manifest, times: tuple[datetime | None, datetime | None]) -> Outcome:
    started, finished = times
    text = str(_terminated(pod).get("message", ""))
    document = _json(text)
    result = None if document is None else parse_result(name, document)
    if result is None:
        reason = "InvalidResult" if text.strip() else "NoResult"
        message = with_hint(reason, _last_lines(text))
        return Outcome(JobState.FAILED, reason, message, started=started, finished=finished)
    return Outcome(
        JobState.SUCCEEDED,
        "Succeeded",
        result=result,
        commit=_commit(pod),
        started=started,
        finished=finished,
    )


def _failure(pod: Manifest | None, condition: Manifest) -> tuple[str, str, FailedResult | None]:
    """Return reason, message and result of the newest pod's failure, else the Job's own."""
    if condition.get("reason") == "DeadlineExceeded":
        return "DeadlineExceeded", str(condition.get("message", "")), None
    if pod is None:
        reason = str(condition.get("reason", "JobFailed"))
        return reason, "its pods were deleted, and their output with them", None
    if pod.get("status", {}).get("reason"):
        return str(pod["status"]["reason"]), str(pod["status"].get("message", "")), None
    terminated = _terminated(pod) or _terminated(pod, INIT_CONTAINER)
    text = str(terminated.get("message", ""))
    document = _json(text)
    failure = None if document is None else parse_failure(document)
    if failure is not None:
        return failure.reason, failure.message, failure
    reason = str(terminated.get("reason", ""))
    if reason in ("", "Error"):
        reason = "DefinitionsFailed" if not _terminated(pod) else "JobFailed"
    lines = _last_lines(text) or f"exit code {terminated.get('exitCode', 'unknown')}, no output"
    return reason, lines, None


def _waiting(pod: Manifest | None) -> tuple[str, str]:
    """Return why a pod that has not ended does not start, or that it runs."""
    if pod is None:
        return "Pending", "no pod yet"
    return waiting(pod) or ("Running", "")


def _succeeded_pod(pods: Sequence[Manifest]) -> Manifest:
    succeeded = (pod for pod in pods if pod.get("status", {}).get("phase") == "Succeeded")
    return next(succeeded, {})


def _terminated(pod: Manifest, container: str = CONTAINER) -> Manifest:
    status = pod.get("status", {})
    key = "initContainerStatuses" if container == INIT_CONTAINER else "containerStatuses"
    for each in status.get(key, ()):
        if each.get("name") == container:
            terminated: Manifest = each.get("state", {}).get("terminated", {})
            return terminated
    return {}


def _commit(pod: Manifest) -> str | None:
    """Return the commit that the init container checked out, if it checked one out."""
    document = _json(str(_terminated(pod, INIT_CONTAINER).get("message", "")))
    result = None if document is None else parse_result("checkout", document)
    return result.commit if isinstance(result, CommitResult) else None


def _name(job: Manifest) -> str:
    """Return what the Job does, such as `plan`."""
    return str(job["metadata"].get("labels", {}).get(names.JOB_LABEL, ""))


def _json(text: str) -> Manifest | None:
    """Return the JSON object in the text's last line, or None."""
    lines = text.strip().splitlines()
    try:
        value: Any = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _last_lines(text: str) -> str:
    lines = [line.strip()[:_LONGEST_LINE] for line in text.strip().splitlines() if line.strip()]
    return "; ".join(lines[-_LAST_LINES:])


def _holds(condition: Manifest) -> bool:
    return condition.get("status") == "True"


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
