"""The fields of Feast's Redis layout: one hash per entity, a field per feature of a view."""

from __future__ import annotations

import mmh3


def field_of(view: str, feature: str) -> bytes:
    """Return the field of a feature in the Redis hash: murmur3 of `view:feature`, 4 bytes."""
    return mmh3.hash(f"{view}:{feature}", signed=False).to_bytes(4, "little")
