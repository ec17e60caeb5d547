"""Manifests and bodies: plain data, as the Kubernetes API has it."""

from __future__ import annotations

from typing import Any

Manifest = dict[str, Any]
"""What is sent to the API server; a `body` is what it returned, of the same type."""


def without_empty(manifest: Manifest) -> Manifest:
    """Return the manifest without fields that are None, empty maps or empty lists."""
    return {field: value for field, value in manifest.items() if value not in (None, {}, [], ())}
