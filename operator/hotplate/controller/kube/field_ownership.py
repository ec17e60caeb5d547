"""Takes over fields of a child that another manager owns, as `metadata.managedFields` lists them.

Server-side apply keeps a field that another manager added, such as one more label in a Service's
selector. So the operator takes ownership of such fields first, and its next apply, which lacks
them, removes them. Subresources are not touched: status, and replicas that an autoscaler set. Nor
are annotations of a pod template, which `kubectl rollout restart` writes.
"""

from __future__ import annotations

from typing import Any

from hotplate.api.v1alpha1 import names
from hotplate.controller.kube.manifest import Manifest, without_empty

_OURS = ("f:spec", "f:data")
"""Parts of a child that the operator alone decides."""

_APPLY = "Apply"


def ownership_metadata(body: Manifest) -> Manifest | None:
    """Return the metadata that makes others' fields of a child ours, None if they own none."""
    entries = body["metadata"].get("managedFields", ())
    taken: Manifest = {}
    left = []
    for entry in entries:
        if entry.get("subresource") or entry["manager"] == names.FIELD_MANAGER:
            left.append(entry)
            continue
        theirs = _decided_by_us(entry["fieldsV1"])
        taken = _union(taken, theirs)
        rest = _without(entry["fieldsV1"], theirs)
        left += [entry | {"fieldsV1": rest}] if rest else []
    if not taken:
        return None
    return {
        "resourceVersion": body["metadata"]["resourceVersion"],
        "managedFields": [*(each for each in left if not _is_ours(each)), _ours(body, taken)],
    }


def _decided_by_us(fields: Manifest) -> Manifest:
    """Return the fields that the operator alone decides."""
    parts = {name: fields[name] for name in _OURS if name in fields}
    annotations = ("f:spec", "f:template", "f:metadata", "f:annotations")
    return _pruned(parts, annotations)


def _pruned(fields: Manifest, path: tuple[str, ...]) -> Manifest:
    """Return the fields without those at the path, and without maps that this leaves empty."""
    first, *rest = path
    if first not in fields:
        return fields
    below = _pruned(fields[first], tuple(rest)) if rest else {}
    is_marker_alone = set(below) <= {"."}
    others = {name: part for name, part in fields.items() if name != first}
    return others if is_marker_alone else others | {first: below}


def _union(one: Manifest, other: Manifest) -> Manifest:
    both = {name: _union(one[name], other[name]) for name in one.keys() & other.keys()}
    return one | other | both


def _without(fields: Manifest, removed: Manifest) -> Manifest:
    """Return the fields that are not among those removed."""
    left: dict[str, Any] = {}
    for name, part in fields.items():
        if name not in removed:
            left[name] = part
        elif rest := _without(part, removed[name]):
            left[name] = rest
    return {} if set(left) <= {"."} else left


def _is_ours(entry: Manifest) -> bool:
    return (
        entry["manager"] == names.FIELD_MANAGER
        and entry["operation"] == _APPLY
        and not entry.get("subresource")
    )


def _ours(body: Manifest, taken: Manifest) -> Manifest:
    """Return our entry: the fields that we applied, and those taken over."""
    entries = body["metadata"]["managedFields"]
    applied: Manifest = next((entry for entry in entries if _is_ours(entry)), {})
    return without_empty(
        {
            "manager": names.FIELD_MANAGER,
            "operation": _APPLY,
            "apiVersion": body["apiVersion"],
            "time": applied.get("time"),
            "fieldsType": "FieldsV1",
            "fieldsV1": _union(applied.get("fieldsV1", {}), taken),
        }
    )
