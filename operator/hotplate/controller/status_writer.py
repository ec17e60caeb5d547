"""The only writer of status: once per reconcile, only if it changed, then the Events."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from hotplate.api import Resource, ResourceStatus
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.conditions import Condition, ConditionStatus
from hotplate.controller.kube.client import Cluster
from hotplate.controller.kube.manifest import Manifest
from hotplate.decide.conditions.transitions import (
    ConditionDraft,
    conditions,
    is_self_resolving,
    stalled,
    transitions,
)

logger = logging.getLogger(__name__)

_LONGEST = 1000
"""Characters of an Event's message."""


async def write_status(cluster: Cluster, resource: Resource, status: ResourceStatus) -> None:
    """Write the status if it changed, then an Event for each condition that transitioned."""
    if status == resource.status:
        return
    data = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    await cluster.apply_status(_identity(resource) | {"status": data})
    for condition in transitions(resource.status.conditions, status.conditions):
        await cluster.apply(event(resource, condition))
        logger.info("%s: %s", _name(resource), _message(condition))


async def write_problem(
    cluster: Cluster, body: Manifest, draft: ConditionDraft, now: datetime
) -> Condition:
    """Write `Ready` and `Stalled` of a resource that cannot be reconciled; return `Ready`.

    The other conditions stay as they are, with the generation that they are about.
    """
    before = body.get("status", {})
    known = [Condition.model_validate(each) for each in before.get("conditions", ())]
    found, generation = (draft, *stalled(draft)), body["metadata"]["generation"]
    updated = conditions(known, found, generation, now)
    types = {each.type for each in updated}
    after = [updated[0], *(each for each in known if each.type not in types), *updated[1:]]
    if after != known or before.get("observedGeneration") != generation:
        data = [each.model_dump(mode="json", by_alias=True) for each in after]
        identity = {"apiVersion": body["apiVersion"], "kind": body["kind"]}
        metadata = {name: body["metadata"][name] for name in ("name", "namespace")}
        status = before | {"observedGeneration": generation, "conditions": data}
        await cluster.apply_status(identity | {"metadata": metadata, "status": status})
    return updated[0]


def event(resource: Resource, condition: Condition) -> Manifest:
    """Return the Event of a condition's transition; the same transition has the same name."""
    when = condition.last_transition_time.strftime("%Y-%m-%dT%H:%M:%SZ")
    name = names.digest(str(resource.metadata.uid), condition.type, condition.status, when)
    involved = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": resource.metadata.name,
        "namespace": resource.metadata.namespace,
        "uid": resource.metadata.uid,
    }
    is_good = condition.status is ConditionStatus.TRUE or is_self_resolving(condition.reason)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": names.child(resource.metadata.name, name),
            "namespace": resource.metadata.namespace,
        },
        "involvedObject": involved,
        "type": "Normal" if is_good else "Warning",
        "reason": condition.reason,
        "message": _message(condition)[:_LONGEST],
        "source": {"component": names.FIELD_MANAGER},
        "firstTimestamp": when,
        "lastTimestamp": when,
        "count": 1,
    }


def _message(condition: Condition) -> str:
    return f"{condition.type} is {condition.status}: {condition.message}".rstrip(": ")


def _name(resource: Resource) -> str:
    return f"{resource.kind} {resource.metadata.namespace}/{resource.metadata.name}"


def _identity(resource: Resource) -> dict[str, Any]:
    metadata = {"name": resource.metadata.name, "namespace": resource.metadata.namespace}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
