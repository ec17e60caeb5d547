"""The rows of many replies, decoded column by column.

A column holds the stored values of one feature. Numbers, event times, and strings that rarely
repeat are decoded as whole columns, other values one by one. If any row is missing, expired or
malformed, the batch falls back to the per-row decoder, which reports the exact status.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

from hotplate.online.decode.columns import doubles, event_times, integers, texts
from hotplate.online.decode.row_codegen import Columns, batch_function
from hotplate.online.layout.dtypes import DOUBLE_TAG, INT64_TAG, STRING_TAG, Decoder
from hotplate.online.layout.timestamps import MOST_AHEAD_SECONDS, event_time

MIN_ROWS = 20
"""The number of rows from which a batch is faster than single rows."""

_NUMBERS: dict[int, Callable[[Sequence[Sequence[Any]]], Sequence[list[Any] | None]]] = {
    INT64_TAG: integers,
    DOUBLE_TAG: doubles,
}
"""By tag: the decoder of all columns of a type at once."""


class BatchDecoder:
    """Decodes the replies to many rows."""

    def __init__(self, views: Sequence[Columns], namespace: Mapping[str, Any]) -> None:
        self._widths = [len(view.decoders) + 1 for view in views]
        self._ends = [view.ttl_seconds or inf for view in views]
        self._decoders = [decoder for view in views for decoder in view.decoders.values()]
        tags = [decoder.tag for decoder in self._decoders]
        places = {tag: [n for n, each in enumerate(tags) if each == tag] for tag in _NUMBERS}
        self._numbers = [(at, _NUMBERS[tag]) for tag, at in places.items() if at]
        self._rows: Callable[..., list[Any]] = batch_function(views, namespace)

    def rows(self, replies: Sequence[Sequence[Any]], now: float) -> list[Any] | None:
        """Return the rows for the replies of each view, None if any needs the per-row decoder."""
        try:
            times, values = self._decoded(*self._columns(replies))
        except (TypeError, ValueError):
            return None
        if any(now > min(when) + end for when, end in zip(times, self._ends, strict=True)):
            return None
        if any(max(when) - MOST_AHEAD_SECONDS > now for when in times):
            return None
        return self._rows(*values, *times)

    def _columns(
        self, replies: Sequence[Sequence[Any]]
    ) -> tuple[list[Sequence[Any]], list[Sequence[Any]]]:
        """Return the stored event times of each view, and the stored values of all features."""
        times: list[Sequence[Any]] = []
        stored: list[Sequence[Any]] = []
        for width, rows in zip(self._widths, replies, strict=True):
            *features, last = zip(*rows, strict=True)
            if len(features) + 1 != width:
                raise ValueError("not a row of features")
            stored += features
            times.append(last)
        return times, stored

    def _decoded(
        self, times: Sequence[Sequence[Any]], stored: Sequence[Sequence[Any]]
    ) -> tuple[list[list[float]], list[list[Any]]]:
        """Return the event times of each view, and the values of all features."""
        decoded: dict[int, list[Any] | None] = {}
        for at, decode in self._numbers:
            decoded |= zip(at, decode([stored[n] for n in at]), strict=True)
        values = [
            decoded.get(at) or _column(decoder, column)
            for at, (decoder, column) in enumerate(zip(self._decoders, stored, strict=True))
        ]
        whens = zip(times, event_times(times), strict=True)
        return [when or [*map(event_time, column)] for column, when in whens], values


def _column(decoder: Decoder, column: Sequence[Any]) -> list[Any]:
    """Return the values of a column; strings that rarely repeat are decoded at once."""
    plain = texts(column) if decoder.tag == STRING_TAG and decoder.is_full else None
    return plain or [decoder[data] for data in column]
