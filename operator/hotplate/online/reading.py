"""What a feature service reads: commands from rows, feature rows from replies. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import getitem
from typing import Any

from hotplate.online.dtypes import Decoder
from hotplate.online.errors import (
    EntityKeyError,
    FeatureValueError,
    MalformedValue,
    OnlineStoreUnavailable,
)
from hotplate.online.keys import key_of
from hotplate.online.read_plan import FeaturePlan, ReadPlan, ReadPlanError, ViewPlan
from hotplate.online.resp import bulk
from hotplate.online.values import event_time


class ViewStatus(StrEnum):
    """Whether a feature view has a row for an entity, and whether the row is within its ttl."""

    PRESENT = "PRESENT"
    NOT_FOUND = "NOT_FOUND"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class ViewRead:
    """What was found of one view; `event_time` is in epoch seconds, None when not found."""

    status: ViewStatus
    event_time: float | None


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """The values of all features that a service reads, and what was found of each view.

    A value is None for a null, and for every feature of a view that is not PRESENT.
    """

    values: dict[str, Any]
    views: dict[str, ViewRead]


_NOT_FOUND = ViewRead(ViewStatus.NOT_FOUND, None)
_MOST_TIMES = 20_000


class _EventTimes(dict[bytes, ViewRead]):
    """Decodes stored event times and keeps them: the rows of one run share their times."""

    def __missing__(self, data: bytes) -> ViewRead:
        found = ViewRead(ViewStatus.PRESENT, event_time(data))
        if len(self) < _MOST_TIMES:
            self[data] = found
        return found


class ViewReading:
    """The command for one view's row, and the meaning of its reply."""

    def __init__(self, view: ViewPlan, features: Sequence[FeaturePlan], project: str) -> None:
        self.name = view.name
        self.names = tuple(feature.name for feature in features)
        self.key: Callable[[Mapping[str, Any]], bytes] = key_of(view.join_keys, project)
        fields = [bytes.fromhex(feature.field_hex) for feature in features]
        self._tail = b"\r\n" + b"".join(map(bulk, [*fields, f"_ts:{view.name}".encode()]))
        self._head = b"*%d\r\n$5\r\nHMGET\r\n" % (len(features) + 3)
        self._decoders = tuple(Decoder(feature.dtype) for feature in features)
        self._length = len(features) + 1
        self._event_times = _EventTimes()
        self._ttl = view.ttl_seconds
        self._missing = dict.fromkeys(self.names)

    def command(self, key: bytes) -> bytes:
        """Return the HMGET of all fields of the row with that key."""
        return b"%b$%d\r\n%b%b" % (self._head, len(key), key, self._tail)

    def read(self, reply: Any, now: float, values: dict[str, Any]) -> ViewRead:
        """Put the features of one reply into `values`; return what was found.

        Raises `FeatureValueError` for a value of another type or none at all,
        `OnlineStoreUnavailable` for an error reply.
        """
        if type(reply) is not list or len(reply) != self._length:
            raise self._refused(reply)
        stored = reply[-1]
        if stored is None:
            values.update(self._missing)
            return _NOT_FOUND
        try:
            found = self._event_times[stored]
            when = found.event_time or 0.0
            if self._ttl and now - when > self._ttl:
                values.update(self._missing)
                return ViewRead(ViewStatus.EXPIRED, when)
            values.update(zip(self.names, map(getitem, self._decoders, reply)))  # noqa: B905
        except MalformedValue as error:
            raise self._malformed(reply, error) from error
        return found

    def _refused(self, reply: Any) -> Exception:
        if isinstance(reply, Exception) and not str(reply).startswith("WRONGTYPE"):
            return OnlineStoreUnavailable(str(reply))
        return FeatureValueError(f"feature view {self.name}: not a row of features: {reply!r:.80}")

    def _malformed(self, reply: list[bytes | None], error: MalformedValue) -> FeatureValueError:
        for name, decoder, data in zip(self.names, self._decoders, reply, strict=False):
            try:
                decoder[data]
            except MalformedValue as cause:
                return FeatureValueError(f"feature {self.name}:{name}: {cause}")
        return FeatureValueError(f"feature view {self.name}: event time: {error}")


class Reading:
    """All that one feature service reads, compiled once from the read plan."""

    def __init__(self, plan: ReadPlan, feature_service: str) -> None:
        self.views = tuple(
            ViewReading(view, features, plan.project)
            for view, features in _wanted(plan.for_service(feature_service))
        )
        names = [name for view in self.views for name in view.names]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ReadPlanError(f"{feature_service} has features of one name: {', '.join(twice)}")

    def keys(self, rows: Sequence[Mapping[str, Any]]) -> list[bytes]:
        """Return a key for each row and view, views within rows; raise `EntityKeyError`."""
        try:
            return [view.key(row) for row in rows for view in self.views]
        except EntityKeyError as error:
            raise self._which(rows, error) from None

    def commands(self, keys: Sequence[bytes]) -> list[bytes]:
        """Return the command for each key, in the order of `keys`."""
        views = self.views
        return [views[at % len(views)].command(key) for at, key in enumerate(keys)]

    def rows(self, replies: Sequence[Any], now: float) -> list[FeatureRow]:
        """Return the feature rows of the replies; `now` in epoch seconds decides what expired."""
        rows = []
        for start in range(0, len(replies), len(self.views)):
            values: dict[str, Any] = {}
            views = {
                view.name: view.read(replies[start + at], now, values)
                for at, view in enumerate(self.views)
            }
            rows.append(FeatureRow(values, views))
        return rows

    def _which(self, rows: Sequence[Mapping[str, Any]], error: EntityKeyError) -> EntityKeyError:
        """Name the row, when there are several."""
        if len(rows) == 1:
            return error
        for number, row in enumerate(rows):
            try:
                self.keys([row])
            except EntityKeyError as cause:
                return EntityKeyError(f"row {number}: {cause}")
        return error


def _wanted(plan: ReadPlan) -> list[tuple[ViewPlan, list[FeaturePlan]]]:
    """Return the views with the features that the one service of the plan needs."""
    (service,) = plan.feature_services
    wanted = {(feature.view, feature.name) for feature in service.features}
    inputs = {name for view in plan.on_demand_views for name in view.inputs}
    chosen = [
        (view, [f for f in view.features if (view.name, f.name) in wanted or f.name in inputs])
        for view in plan.views
    ]
    return [(view, features) for view, features in chosen if features]
