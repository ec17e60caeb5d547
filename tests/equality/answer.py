"""What one side says on one surface: rows of features, or why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from equality.canonical import same, shown
from hotplate.api import ManifestError
from hotplate.jobs import JobError
from hotplate.online.errors import EntityKeyError, OnlineReadError
from hotplate.protocol.read_plan import ReadPlanError

Features = Mapping[str, Any]


class RefusedError(Exception):
    """A scoring service answered with an error of its own."""

    reason = "Refused"


SPOKEN = (JobError, EntityKeyError, OnlineReadError, ReadPlanError, ManifestError, RefusedError)
"""The errors that Hotplate reports; any other is a fault of its own."""


@dataclass(frozen=True)
class Answer:
    """Features by row, or an error; `reason` is None for an error that nobody wrote."""

    rows: Mapping[str, Features] | None = None
    error: str | None = None
    reason: str | None = None

    @property
    def values(self) -> int:
        return sum(len(row) for row in (self.rows or {}).values())

    @property
    def filled(self) -> bool:
        """Whether any value is not null."""
        return any(v is not None for row in (self.rows or {}).values() for v in row.values())


def answer(work: Callable[[], Iterable[tuple[Any, Features]]]) -> Answer:
    """Return what the function yields, by row, or its error."""
    try:
        return Answer(rows={str(row): features for row, features in work()})
    except Exception as error:  # noqa: BLE001  every error is an answer
        return refused(error)


def refused(error: Exception) -> Answer:
    """Return the error as an answer."""
    text = f"{type(error).__name__}: {error}".strip()
    reason = None
    if isinstance(error, SPOKEN):
        reason = getattr(error, "reason", type(error).__name__)
    return Answer(error=text, reason=reason)


def first_difference(left: Answer, right: Answer, names: tuple[str, str]) -> str | None:
    """Return the first difference in words, or None."""
    if left.rows is None or right.rows is None:
        return _difference_of_errors(left, right, names)
    for row in dict.fromkeys([*left.rows, *right.rows]):
        mine, other = left.rows.get(row), right.rows.get(row)
        if mine is None or other is None:
            without = names[0] if mine is None else names[1]
            return f"{row}: {without} has no such row"
        for feature in dict.fromkeys([*mine, *other]):
            pair = mine.get(feature, "absent"), other.get(feature, "absent")
            if not same(*pair):
                said = (f"{name} {shown(value)}" for name, value in zip(names, pair, strict=True))
                return f"{row} {feature}: {', '.join(said)}"
    return None


def _difference_of_errors(left: Answer, right: Answer, names: tuple[str, str]) -> str | None:
    if left.rows is None and right.rows is None:
        return None if right.reason else f"both fail, {names[1]} with a raw {right.error}"
    failed, name, other = (left, names[0], right) if left.rows is None else (right, names[1], left)
    rows = len(other.rows or {})
    return f"{name} fails: {failed.error}; the other has {rows} rows"


def named(values: Mapping[str, Any], name: str) -> Any:
    """Return the value of a feature; one whose name is of one view alone has its short name."""
    return values[name] if name in values else values[name.rpartition("__")[2]]
