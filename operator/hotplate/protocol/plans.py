"""The whole plan of an apply: every changed object with its fields before and after.

It is kept as an artifact under its own hash, which is the hash that an approval names. A Job's
result and a status hold its first lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, order=True, slots=True)
class FieldChange:
    """A field of a Feast object as text, before and after."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, order=True, slots=True)
class ObjectChange:
    """What happens to one Feast object: `create`, `update` or `delete`, and its changed fields."""

    action: str
    kind: str
    name: str
    fields: tuple[FieldChange, ...] = ()

    def __str__(self) -> str:
        fields = ", ".join(each.field for each in self.fields)
        return f"{self.action} {self.kind} {self.name}" + (f" ({fields})" if fields else "")


def to_json(changes: Iterable[ObjectChange]) -> bytes:
    """Return the plan as canonical JSON: equal plans have equal bytes."""
    return json.dumps([asdict(change) for change in changes], sort_keys=True).encode()


def from_json(data: bytes) -> tuple[ObjectChange, ...]:
    """Return the plan in that JSON; raise `ValueError` when it holds none."""
    try:
        return tuple(
            ObjectChange(
                each["action"],
                each["kind"],
                each["name"],
                tuple(FieldChange(**field) for field in each["fields"]),
            )
            for each in json.loads(data)
        )
    except (TypeError, KeyError) as error:
        raise ValueError(f"not a plan: {error!r}") from error
