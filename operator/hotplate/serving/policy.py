"""The failure policy: decisions on missing or stale features, as pure functions of a row.

A feature is *missing* if its view has no row or its value is null or NaN; it is *stale* if its row
is older than the view's ttl, or than the model's maxAge. Such a request is referred, rejected, or
scored with the zero of the feature's type. A row of the future is always referred.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from hotplate.online.aio.reader import FeatureRow, FeatureViewRead, ViewStatus
from hotplate.protocol.read_plan import ReadPlan, value_names
from hotplate.protocol.serving_settings import Fallback, FeatureSettings
from hotplate.serving.decision import Outcome, Reason, ReasonCode

_OUTCOMES = {Fallback.REFER: Outcome.REFER, Fallback.REJECT: Outcome.REJECT}
_DAY = 86400
_ZEROS = {"STRING": "", "BYTES": b"", "BOOL": False}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision before the model is asked; without an outcome the model decides.

    `unused` are the views whose rows are not used: default values stand for their features.
    """

    outcome: Outcome | None
    reasons: tuple[Reason, ...]
    unused: frozenset[str] = frozenset()


OK = Verdict(None, ())


class FailurePolicy:
    """Judges the rows of one feature service."""

    def __init__(self, plan: ReadPlan, settings: FeatureSettings) -> None:
        self._settings = settings
        self._max_age = settings.max_age_seconds
        self._ttls = {view.name: view.ttl_seconds for view in plan.views}
        names = value_names(plan)
        read = [(view.name, feature) for view in plan.views for feature in view.features]
        self._features = {names[view, each.name]: (view, each.name) for view, each in read}
        self._zeros = {names[view, each.name]: _ZEROS.get(each.dtype, 0) for view, each in read}

    def judge(self, row: FeatureRow, now: float) -> Verdict:
        """Return the verdict on the row's features at `now`, in epoch seconds."""
        missing = [*self._not_found(row), *self._nulls(row)]
        expired = self._expired(row, now)
        old = self._too_old(row, now)
        future = self._future(row, now)
        if not (missing or expired or old or future):
            return OK
        actions = [
            *[self._settings.on_missing] * bool(missing),
            *[self._settings.on_stale] * bool(expired or old),
            *[Fallback.REFER] * bool(future),
        ]
        reasons = (*missing, *expired, *old.values(), *future)
        return Verdict(_strictest(actions), reasons, frozenset(old))

    def filled(
        self, values: Mapping[str, Any], unused: AbstractSet[str] = frozenset()
    ) -> dict[str, Any]:
        """Return the values with the zero of its type for each null and each unused view's one."""
        return {
            name: self._zeros.get(name, 0)
            if is_null(value) or self._features[name][0] in unused
            else value
            for name, value in values.items()
        }

    def _not_found(self, row: FeatureRow) -> list[Reason]:
        return [
            Reason(code=ReasonCode.FEATURES_NOT_FOUND, message=f"{view} has no row for this key")
            for view, read in row.views.items()
            if read.status is ViewStatus.NOT_FOUND
        ]

    def _expired(self, row: FeatureRow, now: float) -> list[Reason]:
        return [
            Reason(
                code=ReasonCode.FEATURES_EXPIRED,
                message=f"{view} is {_age(read, now)}, its ttl is {_days(self._ttls[view])}",
            )
            for view, read in row.views.items()
            if read.status is ViewStatus.EXPIRED
        ]

    def _too_old(self, row: FeatureRow, now: float) -> dict[str, Reason]:
        """Return the reason for each view whose row is within its ttl and older than maxAge."""
        if self._max_age is None:
            return {}
        oldest, limit = now - self._max_age, _days(self._max_age)
        return {
            view: Reason(
                code=ReasonCode.FEATURES_TOO_OLD,
                message=f"{view} is {_age(read, now)}, features.maxAge is {limit}",
            )
            for view, read in row.views.items()
            if read.status is ViewStatus.PRESENT and (read.event_time or 0) < oldest
        }

    def _future(self, row: FeatureRow, now: float) -> list[Reason]:
        return [
            Reason(
                code=ReasonCode.FEATURES_OF_THE_FUTURE,
                message=f"{view} has an event time {_days((read.event_time or now) - now)} ahead",
            )
            for view, read in row.views.items()
            if read.status is ViewStatus.FUTURE
        ]

    def _nulls(self, row: FeatureRow) -> list[Reason]:
        return [
            null_of(".".join(self._features[name]))
            for name, value in row.values.items()
            if is_null(value) and row.views[self._features[name][0]].status is ViewStatus.PRESENT
        ]


def is_null(value: Any) -> bool:
    """Return whether the value is None or a NaN, which training leaves out as well."""
    return value is None or (type(value) is float and value != value)  # noqa: PLR0124


def null_of(feature: str) -> Reason:
    """Return the reason of a decision on a row in which a feature, `view.feature`, is null."""
    return Reason(code=ReasonCode.FEATURE_NULL, message=f"{feature} is null")


def _strictest(actions: Iterable[Fallback]) -> Outcome | None:
    """Return Refer before Reject before scoring: a person sees what one rule would reject."""
    outcomes = {_OUTCOMES.get(action) for action in actions}
    return next((each for each in (Outcome.REFER, Outcome.REJECT) if each in outcomes), None)


def _age(read: FeatureViewRead, now: float) -> str:
    return "of unknown age" if read.event_time is None else f"{_days(now - read.event_time)} old"


def _days(seconds: float) -> str:
    days = seconds / _DAY
    return f"{days:.3g} d" if days >= 1 else f"{days * 24:.3g} h"
