"""Conditions from their drafts, with the time of the last transition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hotplate.api.v1alpha1.conditions import Condition, ConditionStatus, ConditionType, Reason
from hotplate.decide.jobs.waits import WAITS

TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
_LONGEST = 4096


@dataclass(frozen=True)
class ConditionDraft:
    """A condition without its time and generation."""

    type: ConditionType
    status: ConditionStatus
    reason: str
    message: str = ""

    @property
    def holds(self) -> bool:
        """Whether the status is True."""
        return self.status is TRUE


def conditions(
    previous: Iterable[Condition], drafts: Iterable[ConditionDraft], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Return the drafts as conditions; one keeps its time while its status stays the same."""
    before = {condition.type: condition for condition in previous}
    return tuple(_condition(before.get(draft.type), draft, generation, now) for draft in drafts)


def ready(drafts: Iterable[ConditionDraft], message: str = "") -> ConditionDraft:
    """Return `Ready`: False as the first draft that does not hold, or True with the message."""
    for draft in drafts:
        if not draft.holds:
            return ConditionDraft(ConditionType.READY, FALSE, draft.reason, draft.message)
    return ConditionDraft(ConditionType.READY, TRUE, Reason.READY, message)


def missing(references: Mapping[str, str | None]) -> ConditionDraft | None:
    """Return `Ready` if a referenced object does not exist, which is one whose version is None."""
    names = sorted(name for name, version in references.items() if version is None)
    if not names:
        return None
    found = ", ".join(names)
    message = f"{found} not found in this namespace; reconciliation resumes when it is created"
    return ConditionDraft(ConditionType.READY, FALSE, Reason.REFERENCE_MISSING, message)


def stalled(ready: ConditionDraft) -> tuple[ConditionDraft, ...]:
    """Return `Stalled` if a person must act before the resource gets ready, as in kstatus."""
    if ready.holds or is_self_resolving(ready.reason):
        return ()
    return (ConditionDraft(ConditionType.STALLED, TRUE, ready.reason, ready.message),)


def is_self_resolving(reason: str) -> bool:
    """Whether a condition that is False for this reason may become True without a person."""
    return reason in _SELF_RESOLVING


def transitions(
    previous: Iterable[Condition], current: Iterable[Condition]
) -> tuple[Condition, ...]:
    """Return the conditions whose status became True or False; each is worth an Event.

    A condition reported for the first time has not transitioned, and Unknown is not worth an Event.
    Conditions without observedGeneration are the CRD's defaults and are ignored.
    """
    before = {each.type: each.status for each in previous if each.observed_generation}
    return tuple(
        condition
        for condition in current
        if condition.status not in (before.get(condition.type, condition.status), UNKNOWN)
    )


def _condition(
    before: Condition | None, draft: ConditionDraft, generation: int, now: datetime
) -> Condition:
    since = before.last_transition_time if before and before.status is draft.status else now
    return Condition(
        type=draft.type,
        status=draft.status,
        reason=draft.reason,
        message=draft.message[:_LONGEST],
        observed_generation=generation,
        last_transition_time=since,
    )


_SELF_RESOLVING = WAITS.keys() - {"InvalidImageName"} | {
    "GitUnreachable",
    Reason.SUSPENDED,
    Reason.REFERENCE_MISSING,
    Reason.CRD_MISSING,
    Reason.PENDING,
    Reason.RUNNING,
    Reason.STORE_STARTING,
    Reason.NOT_MATERIALIZED,
    Reason.RUN_LATE,
    Reason.FEATURES_STALE,
    Reason.SOURCE_SILENT,
    Reason.FEATURE_STORE_MISSING,
    Reason.FEATURE_STORE_NOT_READY,
    Reason.FEATURE_SERVICE_MISSING,
    Reason.CONTRACT_DIFFERS,
    Reason.MODEL_MISSING,
    Reason.REPLICAS_UNAVAILABLE,
}
"""Reasons that time or a change of another object resolves."""
