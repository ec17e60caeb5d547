"""A short hash that stands for data: equal data, equal digits."""

from __future__ import annotations

import hashlib
import json
from typing import Any

_DIGITS = 16


def fingerprint(*values: Any) -> str:
    """Return 16 hex digits that are the same for the same JSON values."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
