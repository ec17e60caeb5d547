"""What a preflight finds: a list of results, each with AWS's term for what is wrong and the fix."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from hotplate.protocol.job_results import MAX_BYTES, FailedResult, Result

ONLINE_STORE = "OnlineStoreReachable"
OFFLINE_STORE = "OfflineStoreReachable"
REGISTRY = "RegistryReachable"
"""The conditions of a FeatureStore that checks are of."""


class Verdict(StrEnum):
    """Whether a check passed; a warning stops nothing, nor does what the store does not tell."""

    PASSED = "Passed"
    WARNING = "Warning"
    NOT_CHECKED = "NotChecked"
    FAILED = "Failed"


class Check(Result):
    """One check: of which condition it is, a name, and what was found with what to do.

    `reason` is one word in CamelCase for the condition of a check that failed.
    """

    condition: str = ONLINE_STORE
    name: str
    verdict: Verdict
    message: str
    reason: str = ""


class PreflightResult(Result):
    """Checks of which none failed."""

    result: str = "Checked"
    checks: tuple[Check, ...]

    def to_json(self) -> str:
        """Return the result as one line of JSON, without the text of what passed if too long."""
        return Result.to_json(self._fitting())

    def _fitting(self) -> PreflightResult:
        if len(Result.to_json(self).encode()) <= MAX_BYTES:
            return self
        return self.model_copy(update={"checks": _short(self.checks, _LONGEST_CHECKS[-3])})


class FailedPreflight(FailedResult):
    """Checks of which some failed; the message has those that did."""

    checks: tuple[Check, ...]

    @classmethod
    def of_checks(cls, checks: tuple[Check, ...]) -> FailedPreflight:
        """Return the failure that a preflight ends with."""
        failed = [check for check in checks if check.verdict is Verdict.FAILED]
        message = "; ".join(check.message for check in failed)[:_LONGEST_MESSAGE]
        for longest in _LONGEST_CHECKS:
            told = cls(reason=failed[0].reason, message=message, checks=_short(checks, longest))
            if len(told.to_json().encode()) <= MAX_BYTES:
                break
        return told


_LONGEST_MESSAGE = 900
_LONGEST_CHECKS = (1600, 800, 600, 400, 240, 120, 60)
"""Characters of each check's message: as many as a termination message has room for."""

_MOST_TOLD = 8


def passed(name: str, message: str, condition: str = ONLINE_STORE) -> Check:
    """Return a check that passed."""
    return Check(name=name, verdict=Verdict.PASSED, message=message, condition=condition)


def warning(name: str, message: str, condition: str = ONLINE_STORE) -> Check:
    """Return a check with something to know."""
    return Check(name=name, verdict=Verdict.WARNING, message=message, condition=condition)


def not_checked(name: str, message: str, condition: str = ONLINE_STORE) -> Check:
    """Return a check that could not be made, and why."""
    return Check(name=name, verdict=Verdict.NOT_CHECKED, message=message, condition=condition)


def failed(name: str, reason: str, message: str, condition: str = ONLINE_STORE) -> Check:
    """Return a check that failed; the reason is the condition's."""
    return Check(
        name=name, verdict=Verdict.FAILED, message=message, reason=reason, condition=condition
    )


def result_of(checks: Iterable[Check]) -> PreflightResult | FailedPreflight:
    """Return what a preflight ends with."""
    found = tuple(checks)
    if any(check.verdict is Verdict.FAILED for check in found):
        return FailedPreflight.of_checks(found)
    return PreflightResult(checks=found)


def _short(checks: tuple[Check, ...], longest: int) -> tuple[Check, ...]:
    """Return what did not pass, failures first, as much as fits a termination message."""
    told = [check for check in checks if check.verdict is not Verdict.PASSED]
    told.sort(key=lambda check: check.verdict is not Verdict.FAILED)
    return tuple(
        check.model_copy(update={"message": check.message[:longest]}) for check in told[:_MOST_TOLD]
    )
