"""What the answers of both sides on one surface mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from equality import canonical
from equality.answer import Answer, first_difference
from equality.case import PLUGIN, TRAINING, VERIFY, WRITTEN, Case, Expected, Row
from equality.differences import DELIBERATE, UNTRAINED, known
from equality.stored import entity_of

SIDES = ("Feast", "Hotplate")
MEANT = ("expected", "Hotplate")


class Kind(StrEnum):
    """What is said of one case on one surface."""

    EQUAL = "equal"
    BOTH_REFUSE = "both refuse"
    DELIBERATE = "deliberate"
    KNOWN = "known"
    DIFFERS = "DIFFERS"


@dataclass(frozen=True)
class Finding:
    """The result of one case on one surface; values are those that were compared."""

    case: str
    surface: str
    kind: Kind
    said: str = ""
    rows: int = 0
    values: int = 0


def finding(case: Case, surface: str, feast: Mapping[str, Answer], said: Answer) -> Finding:
    """Compare Hotplate's answer, and look up a difference among those that are declared."""
    difference = _difference(case, surface, feast, said)
    kind, text = _judged(case, surface, feast, said, difference)
    if kind is Kind.DIFFERS and (fault := known(case.name)):
        kind, text = Kind.KNOWN, f"{fault}: {text}"
    return Finding(case.name, surface, kind, text, len(said.rows or {}), said.values)


def _judged(
    case: Case, surface: str, feast: Mapping[str, Answer], said: Answer, difference: str | None
) -> tuple[Kind, str]:
    if expected := next((each for each in case.expected if surface in each.surfaces), None):
        return _meant(case, expected, surface, said, difference)
    if difference is None:
        return (Kind.EQUAL if said.rows is not None else Kind.BOTH_REFUSE), ""
    if surface == PLUGIN and feast[PLUGIN].rows is None and said.rows is None:
        return Kind.BOTH_REFUSE, ""
    if case.trained_as_served and surface == TRAINING:
        if said.rows is None and said.reason and feast[WRITTEN].rows is None:
            return Kind.DELIBERATE, UNTRAINED
        if _first(feast[PLUGIN], said) is None:
            return Kind.DELIBERATE, case.trained_as_served
    return Kind.DIFFERS, difference


def _difference(case: Case, surface: str, feast: Mapping[str, Answer], said: Answer) -> str | None:
    if surface == VERIFY:
        return _verified(case, feast[VERIFY], said)
    if said.rows is not None and not said.filled and not case.empty:
        return "nothing to compare: Hotplate has no value"
    return first_difference(feast[surface], said, SIDES)


def _first(feast: Answer, said: Answer) -> str | None:
    """Return the first difference of served values from a training table's."""
    if feast.rows is None:
        return feast.error
    served = {
        row: {name: canonical.offline(value) for name, value in features.items()}
        for row, features in feast.rows.items()
    }
    return first_difference(Answer(rows=served), said, SIDES)


def _verified(case: Case, feast: Answer, said: Answer) -> str | None:
    """Feast has no such check: it must pass, on more than nothing."""
    if said.rows is None:
        nothing = case.empty and "NothingToVerify" in (said.error or "")
        both = (feast.rows is None and said.reason) or nothing
        return None if both else f"verify fails: {said.error}"
    sampled = sum(row["sampled"] for row in said.rows.values())
    return None if sampled or case.empty else "verify passes on no row at all"


def _meant(
    case: Case, expected: Expected, surface: str, said: Answer, difference: str | None
) -> tuple[Kind, str]:
    assert expected.difference in DELIBERATE, f"{expected.difference} is declared nowhere"
    if wrong := _other_than(case, expected, surface, said):
        return Kind.DIFFERS, f"{expected.difference}: {wrong}"
    return (Kind.EQUAL, "") if difference is None else (Kind.DELIBERATE, expected.difference)


def _other_than(case: Case, expected: Expected, surface: str, said: Answer) -> str | None:
    if expected.refused is not None:
        right = bool(said.reason) and expected.refused in (said.error or "")
        return None if right else f"expected {expected.refused}, Hotplate says {said.error}"
    assert expected.rows is not None
    if surface == WRITTEN:
        return _other_stored(case, expected.rows, said)
    form = canonical.offline if surface == TRAINING else canonical.online
    wanted = Answer(
        rows={
            str(number): {name: form(value) for name, value in row.items()}
            for number, row in enumerate(expected.rows)
        }
    )
    return first_difference(wanted, said, MEANT)


def _other_stored(case: Case, rows: Sequence[Row], said: Answer) -> str | None:
    """Compare the stored rows of the case's keys; a row of nulls need not be stored."""
    wanted = {
        entity_of(keys): row
        for keys, row in zip(case.rows, rows, strict=True)
        if any(value is not None for value in row.values())
    }
    found = {entity: row for entity, row in (said.rows or {}).items() if entity in wanted}
    stored = {
        entity: {
            name.partition(":")[2]: value[1] if value else None
            for name, value in row.items()
            if not name.startswith("_ts:")
        }
        for entity, row in found.items()
    }
    return said.error or first_difference(Answer(rows=wanted), Answer(rows=stored), MEANT)
