"""Conditions: what holds and why, with the time at which it last flipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hotplate.api.v1alpha1.conditions import Condition, ConditionStatus, ConditionType, Reason
from hotplate.decide.jobs.waits import WAITS

_LONGEST = 4096


@dataclass(frozen=True)
class ConditionDraft:
    """A condition before it has a time: True, False, or None where it is not known."""

    type: ConditionType
    holds: bool | None
    reason: str
    message: str = ""


def conditions(
    previous: Iterable[Condition], drafts: Iterable[ConditionDraft], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Return the drafts as conditions; the time is kept while the status stays the same."""
    before = {condition.type: condition for condition in previous}
    return tuple(_condition(before.get(draft.type), draft, generation, now) for draft in drafts)


def ready(drafts: Iterable[ConditionDraft], message: str = "") -> ConditionDraft:
    """Return `Ready`: the first draft that does not hold, or that all do, with the message."""
    for draft in drafts:
        if not draft.holds:
            return ConditionDraft(ConditionType.READY, False, draft.reason, draft.message)
    return ConditionDraft(ConditionType.READY, True, Reason.READY, message)


def missing(references: Mapping[str, str | None]) -> ConditionDraft | None:
    """Return `Ready` where an object that a resource names is not there: its version is None."""
    names = sorted(name for name, version in references.items() if version is None)
    if not names:
        return None
    found = ", ".join(names)
    message = f"{found} not found in this namespace; reconciliation resumes when it is created"
    return ConditionDraft(ConditionType.READY, False, Reason.REFERENCE_MISSING, message)


def stalled(ready: ConditionDraft) -> tuple[ConditionDraft, ...]:
    """Return `Stalled` where what is not ready needs a person, else nothing, as kstatus has it."""
    if ready.holds or is_self_resolving(ready.reason):
        return ()
    return (ConditionDraft(ConditionType.STALLED, True, ready.reason, ready.message),)


def is_self_resolving(reason: str) -> bool:
    """Whether what does not hold for that reason may come to hold without a person."""
    return reason in _SELF_RESOLVING


def transitions(
    previous: Iterable[Condition], current: Iterable[Condition]
) -> tuple[Condition, ...]:
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
    before: Condition | None, draft: ConditionDraft, generation: int, now: datetime
) -> Condition:
    status = _STATUS[draft.holds]
    since = before.last_transition_time if before and before.status == status else now
    return Condition(
        type=draft.type,
        status=status,
        reason=draft.reason,
        message=draft.message[:_LONGEST],
        observed_generation=generation,
        last_transition_time=since,
    )


_SELF_RESOLVING = WAITS.keys() - {"InvalidImageName"} | {
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
