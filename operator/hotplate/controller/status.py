"""Conditions: what holds and why, with the time at which it last flipped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hotplate.api.conditions import Condition, ConditionStatus, ConditionType, Reason

_LONGEST = 4096


@dataclass(frozen=True)
class Finding:
    """A condition before it has a time: True, False, or None where it is not known."""

    type: ConditionType
    holds: bool | None
    reason: str
    message: str = ""


def conditions(
    previous: Iterable[Condition], findings: Iterable[Finding], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Return the findings as conditions; the time is kept while the status stays the same."""
    before = {condition.type: condition for condition in previous}
    return tuple(
        _condition(before.get(finding.type), finding, generation, now) for finding in findings
    )


def ready(findings: Iterable[Finding]) -> Finding:
    """Return `Ready`: the first finding that does not hold, or that all do."""
    for finding in findings:
        if not finding.holds:
            return Finding(ConditionType.READY, False, finding.reason, finding.message)
    return Finding(ConditionType.READY, True, Reason.READY)


def flips(previous: Iterable[Condition], current: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return the conditions whose status is another one than before; each is worth an Event.

    What is told for the first time has not flipped; what is about no generation, the API server
    has put there for the time before.
    """
    before = {each.type: each.status for each in previous if each.observed_generation}
    return tuple(
        condition
        for condition in current
        if condition.status != before.get(condition.type, condition.status)
    )


def _condition(
    before: Condition | None, finding: Finding, generation: int, now: datetime
) -> Condition:
    status = _STATUS[finding.holds]
    since = before.last_transition_time if before and before.status == status else now
    return Condition(
        type=finding.type,
        status=status,
        reason=finding.reason,
        message=finding.message[:_LONGEST],
        observed_generation=generation,
        last_transition_time=since,
    )


_STATUS = {
    True: ConditionStatus.TRUE,
    False: ConditionStatus.FALSE,
    None: ConditionStatus.UNKNOWN,
}
