"""The rules of kstatus, by which Flux and others tell the health of any resource.

As sigs.k8s.io/cli-utils has them for kinds that it does not know.
"""

from __future__ import annotations

from typing import Any


def kstatus(body: dict[str, Any]) -> str:
    """Return Terminating, InProgress, Failed or Current."""
    metadata, status = body["metadata"], body.get("status", {})
    conditions = {each["type"]: each["status"] for each in status.get("conditions", ())}
    if "deletionTimestamp" in metadata:
        return "Terminating"
    if status.get("observedGeneration", metadata["generation"]) != metadata["generation"]:
        return "InProgress"
    if conditions.get("Reconciling") == "True":
        return "InProgress"
    if conditions.get("Stalled") == "True":
        return "Failed"
    return "Current" if conditions.get("Ready", "True") == "True" else "InProgress"
