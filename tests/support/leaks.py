"""The search for planted secrets in whatever can be read."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote


def leaks(secrets: Iterable[str], texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return each place of each secret, plain or encoded; no text may be empty."""
    empty = [where for where, text in texts.items() if not text.strip()]
    assert not empty, f"nothing to search in {empty}"
    return [
        (where, secret)
        for secret in secrets
        for where, text in texts.items()
        if any(form in text for form in _forms(secret))
    ]


def _forms(secret: str) -> set[str]:
    return {
        secret,
        repr(secret)[1:-1],
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret))[3:-3],
        base64.b64encode(secret.encode()).decode(),
    }
