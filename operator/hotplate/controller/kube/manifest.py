"""Manifests and bodies as plain data, and a short hash that stands for data."""

from __future__ import annotations

import hashlib
import json
from typing import Any

Manifest = dict[str, Any]
"""What is sent to the API server; a `body` is what it returned, of the same type."""

_DIGITS = 16


def fingerprint(*values: Any) -> str:
    """Return 16 hex digits that are the same for the same JSON values."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def without_empty(manifest: Manifest) -> Manifest:
    """Return the manifest without fields that are None, empty maps or empty lists."""
    return {field: value for field, value in manifest.items() if value not in (None, {}, [], ())}
