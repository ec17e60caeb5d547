"""Conditions: what holds and why, with the time at which it last flipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hotplate.api.v1alpha1.conditions import Condition, ConditionStatus, ConditionType, Reason
from hotplate.decide.waits import WAITS

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


def ready(findings: Iterable[Finding], message: str = "") -> Finding:
    """Return `Ready`: the first finding that does not hold, or that all do, with the message."""
    for finding in findings:
        if not finding.holds:
            return Finding(ConditionType.READY, False, finding.reason, finding.message)
    return Finding(ConditionType.READY, True, Reason.READY, message)


def missing(references: Mapping[str, str | None]) -> Finding | None:
    """Return `Ready` where an object that a resource names is not there: its version is None."""
    names = sorted(name for name, version in references.items() if version is None)
    if not names:
        return None
    found = ", ".join(names)
    message = f"{found} not found in this namespace; reconciliation resumes when it is created"
    return Finding(ConditionType.READY, False, Reason.REFERENCE_MISSING, message)


def stalled(ready: Finding) -> tuple[Finding, ...]:
    """Return `Stalled` where what is not ready needs a person, else nothing, as kstatus has it."""
    if ready.holds or goes_on(ready.reason):
        return ()
    return (Finding(ConditionType.STALLED, True, ready.reason, ready.message),)


def goes_on(reason: str) -> bool:
    """Whether what does not hold for that reason may come to hold without a person."""
    return reason in _GOES_ON


def flips(previous: Iterable[Condition], current: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return the conditions that now hold, or no longer do; each is worth an Event.

    A condition reported for the first time has not transitioned, and Unknown is not worth an Event.
    Conditions without observedGeneration are the CRD's defaults and are ignored.
    """
    before = {each.type: each.status for each in previous if each.observed_generation}
    return tuple(
        condition
        for condition in current
        if condition.status
        not in (
            before.get(condition.type, condition.status),
            ConditionStatus.UNKNOWN,
        )
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


_GOES_ON = WAITS.keys() - {"InvalidImageName"} | {
    Reason.SUSPENDED,
    Reason.REFERENCE_MISSING,
    Reason.CRD_MISSING,
    Reason.PENDING,
    Reason.RUNNING,
    Reason.STORE_STARTING,
    Reason.NOT_MATERIALIZED,
    Reason.STALE,
    Reason.FEATURE_STORE_MISSING,
    Reason.FEATURE_STORE_NOT_READY,
    Reason.FEATURE_SERVICE_MISSING,
    Reason.CONTRACT_DIFFERS,
    Reason.MODEL_MISSING,
    Reason.REPLICAS_UNAVAILABLE,
}
"""Why a resource is not ready that may become so by itself: time or another object does it."""

_STATUS = {
    True: ConditionStatus.TRUE,
    False: ConditionStatus.FALSE,
    None: ConditionStatus.UNKNOWN,
}
