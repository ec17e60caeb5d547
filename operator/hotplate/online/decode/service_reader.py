"""The reads of one feature service: commands from join keys, feature rows from replies. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import chain, repeat
from math import inf
from operator import getitem
from typing import Any, NamedTuple

from hotplate.online.connection.resp import bulk
from hotplate.online.decode.batch import MIN_ROWS, BatchDecoder
from hotplate.online.decode.row_codegen import Columns, row_function
from hotplate.online.errors import (
    EntityKeyError,
    FeatureValueError,
    MalformedValue,
    OnlineStoreUnavailable,
)
from hotplate.online.layout.dtypes import decoder
from hotplate.online.layout.keys import KEY_VERSION, KeyFunction, redis_key, uniform_keys
from hotplate.online.layout.timestamps import MOST_AHEAD_SECONDS, event_time
from hotplate.protocol.read_plan import ReadPlan, ReadPlanError, ViewPlan, value_names


class ViewStatus(StrEnum):
    """Whether a feature view has a row for an entity, and whether the row is within the ttl.

    A row is of the future if its event time is more than five minutes ahead of now: a mistake.
    """

    PRESENT = "PRESENT"
    NOT_FOUND = "NOT_FOUND"
    EXPIRED = "EXPIRED"
    FUTURE = "FUTURE"


class FeatureViewRead(NamedTuple):
    """The row of one view: its status, and its event time in epoch seconds, None if not found."""

    status: ViewStatus
    event_time: float | None


class FeatureRow(NamedTuple):
    """The values of all features that a service reads, and the status of each view.

    Values have the names that `value_names` gives them. A value is None for a null, and for every
    feature of a view that is not PRESENT.
    """

    values: dict[str, Any]
    views: dict[str, FeatureViewRead]


_NOT_FOUND = FeatureViewRead(ViewStatus.NOT_FOUND, None)


class _Heads(dict[int, bytes]):
    """By length of the key: the bytes before the key in the command of one view."""

    def __init__(self, arguments: int) -> None:
        self._start = b"*%d\r\n$5\r\nHMGET\r\n" % arguments

    def __missing__(self, length: int) -> bytes:
        head = self[length] = b"%b$%d\r\n" % (self._start, length)
        return head


class ViewReader:
    """The command for one view's row, and the decoding of its reply."""

    def __init__(self, view: ViewPlan, names: Sequence[str], project: str) -> None:
        self.name = view.name
        self.names = tuple(names)
        features = view.features
        self.key: KeyFunction = redis_key(view.join_keys, project)
        self._uniform_keys = uniform_keys(view.join_keys, project)
        fields = [bytes.fromhex(feature.field_hex) for feature in features]
        self.heads = _Heads(len(features) + 3)
        self.tail = b"\r\n" + b"".join(map(bulk, [*fields, f"_ts:{view.name}".encode()]))
        self._decoders = tuple(decoder(feature.dtype) for feature in features)
        self._length = len(features) + 1
        self._ttl = view.ttl_seconds
        self._missing = dict.fromkeys(self.names)

    def columns(self) -> Columns:
        """Return the decoders of a row."""
        decoders = dict(zip(self.names, self._decoders, strict=True))
        return Columns(self.name, decoders, self._ttl)

    def commands(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Return the commands of many rows, one after another; raise `EntityKeyError`."""
        uniform = self._uniform_keys(rows)
        if uniform is None:
            keys = map(self.key, rows)
            return b"".join([self.heads[len(key)] + key + self.tail for key in keys])
        start, parts, end = uniform
        head = self.heads[len(start) + len(parts[0]) + len(end)] + start
        tail = end + self.tail
        return head + (tail + head).join(parts) + tail

    def read(self, reply: Any, now: float, values: dict[str, Any]) -> FeatureViewRead:
        """Put the features of one reply into `values`; return the status of the view.

        Raises `FeatureValueError` for a value of another type or malformed bytes,
        `OnlineStoreUnavailable` for an error reply.
        """
        if not _is_row(reply, self._length):
            raise self._refused(reply)
        values.update(self._missing)
        if reply[-1] is None:
            return _NOT_FOUND
        try:
            when = event_time(reply[-1])
            if now > when + (self._ttl or inf):
                return FeatureViewRead(ViewStatus.EXPIRED, when)
            if when - MOST_AHEAD_SECONDS > now:
                return FeatureViewRead(ViewStatus.FUTURE, when)
            values.update(zip(self.names, map(getitem, self._decoders, reply)))  # noqa: B905
        except MalformedValue as error:
            raise self._malformed(reply, error) from error
        return FeatureViewRead(ViewStatus.PRESENT, when)

    def _refused(self, reply: Any) -> Exception:
        if isinstance(reply, Exception) and not str(reply).startswith("WRONGTYPE"):
            return OnlineStoreUnavailable(str(reply))
        return FeatureValueError(f"feature view {self.name}: not a row of features: {reply!r:.80}")

    def _malformed(self, reply: list[bytes | None], error: MalformedValue) -> FeatureValueError:
        for name, values, data in zip(self.names, self._decoders, reply, strict=False):
            try:
                values[data]
            except MalformedValue as cause:
                return FeatureValueError(f"feature {self.name}:{name}: {cause}")
        return FeatureValueError(f"feature view {self.name}: event time: {error}")


def _is_row(reply: Any, length: int) -> bool:
    return (
        isinstance(reply, list)
        and len(reply) == length
        and all(stored is None or isinstance(stored, bytes) for stored in reply)
    )


class ServiceReader:
    """The reads of one feature service, compiled once from the read plan."""

    def __init__(self, plan: ReadPlan, feature_service: str) -> None:
        if plan.entity_key_serialization_version != KEY_VERSION:
            raise ReadPlanError(
                f"entity_key_serialization_version is {plan.entity_key_serialization_version}; "
                f"only keys of version {KEY_VERSION} are read: set it in feature_store.yaml, "
                "materialize, and apply the definitions again"
            )
        part = plan.for_service(feature_service)
        named = value_names(part)
        self.views = tuple(
            ViewReader(view, [named[view.name, each.name] for each in view.features], plan.project)
            for view in part.views
        )
        if not self.views:
            raise ReadPlanError(f"{feature_service} reads no feature view")
        names = [name for view in self.views for name in view.names]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ReadPlanError(f"{feature_service} has the same feature twice: {', '.join(twice)}")
        self._keys = [view.key for view in self.views]
        self._around_keys = [(view.heads, view.tail) for view in self.views]
        columns = [view.columns() for view in self.views]
        namespace = {"Row": FeatureRow, "View": FeatureViewRead, "present": ViewStatus.PRESENT}
        self._batch = BatchDecoder(columns, namespace)
        self._row = row_function(
            columns, {**namespace, "when": event_time, "fallback": self._row_by_views}
        )

    def request(
        self, rows: Sequence[Mapping[str, Any]], *, one_server: bool
    ) -> tuple[Sequence[bytes], list[bytes]]:
        """Return the keys that select the servers, and the commands; see `keys`.

        There are no keys for many rows of one server.
        """
        if one_server and len(rows) >= MIN_ROWS:
            return (), self.commands_for_one_server(rows)
        keys = self.keys(rows)
        return keys, self.commands(keys)

    def keys(self, rows: Sequence[Mapping[str, Any]]) -> list[bytes]:
        """Return a key for each view and row, rows within views; raise `EntityKeyError`."""
        try:
            return [key(row) for key in self._keys for row in rows]
        except EntityKeyError as error:
            raise self._which(rows, error) from None

    def commands(self, keys: Sequence[bytes]) -> list[bytes]:
        """Return the command for each key, in the order of `keys`."""
        around: Iterable[tuple[_Heads, bytes]] = self._around_keys
        rows = len(keys) // len(self._around_keys)
        if rows > 1:
            around = chain.from_iterable(map(repeat, around, repeat(rows)))
        return [
            heads[len(key)] + key + tail for key, (heads, tail) in zip(keys, around, strict=True)
        ]

    def commands_for_one_server(self, rows: Sequence[Mapping[str, Any]]) -> list[bytes]:
        """Return the commands of many rows as bytes to send one after another.

        There is an item per reply, but the first holds all the bytes: commands to one server need
        not be split. Raises `EntityKeyError`.
        """
        try:
            data = b"".join([view.commands(rows) for view in self.views])
        except EntityKeyError as error:
            raise self._which(rows, error) from None
        return [data] + [b""] * (len(rows) * len(self.views) - 1)

    def rows(self, replies: Sequence[Any], now: float) -> list[FeatureRow]:
        """Return the feature rows of the replies; `now` in epoch seconds decides what expired."""
        rows = len(replies) // len(self.views)
        each = [replies[at : at + rows] for at in range(0, len(replies), rows)]
        batch = self._batch.rows(each, now) if rows >= MIN_ROWS else None
        return batch or list(map(self._row, *each, repeat(now)))

    def _row_by_views(self, replies: Sequence[Any], now: float) -> FeatureRow:
        values: dict[str, Any] = {}
        pairs = zip(self.views, replies, strict=True)
        found = {view.name: view.read(reply, now, values) for view, reply in pairs}
        return FeatureRow(values, found)

    def _which(self, rows: Sequence[Mapping[str, Any]], error: EntityKeyError) -> EntityKeyError:
        """Return the error with the number of its row, if there are several rows."""
        if len(rows) == 1:
            return error
        for number, row in enumerate(rows):
            try:
                self.keys([row])
            except EntityKeyError as cause:
                return EntityKeyError(f"row {number}: {cause}")
        return error
