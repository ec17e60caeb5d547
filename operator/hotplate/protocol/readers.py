"""Who reads a FeatureStore's online data now: what the apply must leave for them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Reader:
    """A live ModelDeployment, its feature service, and the digest of the read plan it serves by."""

    name: str
    feature_service: str
    read_plan: str


def to_json(readers: Iterable[Reader]) -> str:
    """Return the readers as one line of JSON."""
    return json.dumps([asdict(reader) for reader in readers], separators=(",", ":"))


def from_json(text: str) -> tuple[Reader, ...]:
    """Return the readers in that JSON; raise `ValueError` when it holds none."""
    try:
        return tuple(Reader(**each) for each in json.loads(text))
    except TypeError as error:
        raise ValueError(f"not a list of readers: {error}") from error
