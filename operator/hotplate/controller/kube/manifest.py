"""Manifests and bodies as plain data, and what the metadata of any object says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

Manifest = dict[str, Any]
"""What is sent to the API server; a `body` is what it returned, of the same type."""


@dataclass(frozen=True, order=True)
class ObjectKey:
    """What identifies an object within its namespace."""

    api_version: str
    kind: str
    name: str


def object_key(manifest: Manifest) -> ObjectKey:
    """Return the key of a manifest or body."""
    return ObjectKey(manifest["apiVersion"], manifest["kind"], name_of(manifest))


def name_of(manifest: Manifest) -> str:
    """Return the name of a manifest or body."""
    return str(manifest["metadata"]["name"])


def is_owned_by(body: Manifest, uid: str | None) -> bool:
    """Return whether the object with this UID owns the object."""
    references = body["metadata"].get("ownerReferences", ())
    return any(reference["uid"] == uid for reference in references)


def is_being_deleted(body: Manifest) -> bool:
    """Return whether the object is being deleted."""
    return "deletionTimestamp" in body["metadata"]


def last_changed_at(body: Manifest) -> datetime | None:
    """Return when anybody last changed the object; an apply without a change does not count."""
    times = [each["time"] for each in body["metadata"].get("managedFields", ()) if "time" in each]
    return datetime.fromisoformat(max(times)) if times else None


def without_empty(manifest: Manifest) -> Manifest:
    """Return the manifest without fields that are None, empty maps or empty lists."""
    return {field: value for field, value in manifest.items() if value not in (None, {}, [], ())}
