"""Results of a preflight's checks, cut to the size of a termination message."""

from __future__ import annotations

from collections.abc import Iterable

from hotplate.protocol.job_results import MAX_BYTES, Check, FailedResult, PreflightResult, Verdict
from hotplate.protocol.results import Result

ONLINE_STORE = "OnlineStoreReachable"
OFFLINE_STORE = "OfflineStoreReachable"
REGISTRY = "RegistryReachable"
"""The conditions of a FeatureStore that checks report to."""


_LONGEST_MESSAGE = 900
_LONGEST_CHECKS = (1600, 800, 600, 400, 240, 120, 60)
"""Characters of each check's message; the first that fits a termination message is used."""

_MOST_REPORTED = 8


def passed(name: str, message: str, condition: str = ONLINE_STORE) -> Check:
    """Return a check that passed."""
    return Check(name=name, verdict=Verdict.PASSED, message=message, condition=condition)


def warning(name: str, message: str, condition: str = ONLINE_STORE) -> Check:
    """Return a check that passed with a warning."""
    return Check(name=name, verdict=Verdict.WARNING, message=message, condition=condition)


def not_checked(name: str, message: str, condition: str = ONLINE_STORE) -> Check:
    """Return a check that could not run, and why."""
    return Check(name=name, verdict=Verdict.NOT_CHECKED, message=message, condition=condition)


def failed(name: str, reason: str, message: str, condition: str = ONLINE_STORE) -> Check:
    """Return a check that failed; the reason is the condition's."""
    return Check(
        name=name, verdict=Verdict.FAILED, message=message, reason=reason, condition=condition
    )


def result_of(checks: Iterable[Check]) -> PreflightResult | FailedResult:
    """Return the result of a preflight; it fits a termination message.

    If it is too long, checks that passed are left out, and the other messages are cut.
    """
    found = tuple(checks)
    failed = [check for check in found if check.verdict is Verdict.FAILED]
    if failed:
        return _failure(failed, found)
    result = PreflightResult(checks=found)
    if _fits(result):
        return result
    return PreflightResult(checks=_short(found, _LONGEST_CHECKS[-3]))


def _failure(failed: list[Check], found: tuple[Check, ...]) -> FailedResult:
    message = "; ".join(check.message for check in failed)[:_LONGEST_MESSAGE]
    for longest in _LONGEST_CHECKS:
        checks = _short(found, longest)
        result = FailedResult(reason=failed[0].reason, message=message, checks=checks)
        if _fits(result):
            break
    return result


def _fits(result: Result) -> bool:
    return len(result.to_json().encode()) <= MAX_BYTES


def _short(checks: tuple[Check, ...], longest: int) -> tuple[Check, ...]:
    """Return the first checks that did not pass, failures first, with messages cut."""
    reported = [check for check in checks if check.verdict is not Verdict.PASSED]
    reported.sort(key=lambda check: check.verdict is not Verdict.FAILED)
    return tuple(
        check.model_copy(update={"message": check.message[:longest]})
        for check in reported[:_MOST_REPORTED]
    )
