"""Feature values in JSON, for explanations and for a decision log with personal data."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any


def shown(value: Any) -> Any:
    """Return the value with all bytes in it as base64 text, as protobuf has them in JSON."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: shown(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [shown(each) for each in value]
    return value
