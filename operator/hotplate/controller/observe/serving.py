"""What serves a model now, from its Deployment and pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hotplate.api import ModelDeployment
from hotplate.controller.children import access
from hotplate.controller.children.metadata import selector
from hotplate.controller.children.scoring import COMPONENT
from hotplate.controller.kube.manifest import Manifest
from hotplate.controller.observe.scoring_pods import pods_problem
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.observed import Serving

_SHOWN = 12


def serving(
    model_deployment: ModelDeployment, deployment: Manifest | None, pods: Iterable[Manifest]
) -> Serving | None:
    """Return what serves, None without a Deployment; `pods` show why one does not start."""
    if deployment is None:
        return None
    status, template = deployment.get("status", {}), deployment["spec"]["template"]
    wanted, problem = deployment["spec"].get("replicas", 0), pods_problem(pods)
    available = _available(deployment)
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    conditions = {each["type"]: each for each in status.get("conditions", ())}
    return Serving(
        revision=fingerprint(template)[:_SHOWN],
        image=template["spec"]["containers"][0]["image"],
        url=access.url(model_deployment),
        wanted=wanted,
        available=available,
        ready=status.get("availableReplicas", 0),
        replicas=total,
        is_complete=updated == total == wanted and available >= wanted,
        selector=selector(model_deployment, COMPONENT),
        problem=_refused(conditions) or problem,
        stuck=_stuck(conditions, problem),
    )


def _available(deployment: Manifest) -> int:
    """Return the pods that are available, none while the status is about an older spec."""
    status = deployment.get("status", {})
    if status.get("observedGeneration") != deployment["metadata"].get("generation"):
        return 0
    return int(status.get("availableReplicas", 0))


def _refused(conditions: Mapping[str, Any]) -> str:
    """Return why a pod cannot be created, such as for a quota."""
    failure = conditions.get("ReplicaFailure", {})
    return str(failure["message"]) if failure.get("status") == "True" else ""


def _stuck(conditions: Mapping[str, Any], problem: str) -> str:
    progress = conditions.get("Progressing", {})
    if progress.get("reason") != "ProgressDeadlineExceeded":
        return ""
    return problem or str(progress.get("message", "")) or str(progress["reason"])
