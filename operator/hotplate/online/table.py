"""Many rows at once, column by column, where every row of every view is there and plain.

A column holds what is stored of one feature, row by row. The integers of all columns are decoded in
one step of numpy. Whatever is not plain (a row is missing or expired, a null integer, foreign
bytes) leaves all of it to the function of one row, which tells what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from math import inf
from typing import Any

import numpy as np

from hotplate.online.dtypes import INT64_TAG
from hotplate.online.row_function import Columns, table_function
from hotplate.online.values import SECONDS_TAG, event_time

AT_LEAST = 20
"""Rows from which on it pays."""

_CONTINUED = 0x80
_LONGEST = 9
"""A tag and eight groups of seven bits: no sign, no overflow."""


class Table:
    """Makes the feature rows of many replies."""

    def __init__(self, views: Sequence[Columns], made_of: Mapping[str, Any]) -> None:
        self._widths = [len(view.decoders) + 1 for view in views]
        self._ends = [view.ttl_seconds or inf for view in views]
        self._decoders = [decoder for view in views for decoder in view.decoders.values()]
        self._integers = [n for n, each in enumerate(self._decoders) if each.tag == INT64_TAG]
        self._rows: Callable[..., list[Any]] = table_function(views, made_of)

    def rows(self, replies: Sequence[Sequence[Any]], now: float) -> list[Any] | None:
        """Return a row for the replies of each view, or None when one of them is not plain."""
        try:
            times, values = self._decoded(*self._columns(replies))
        except (TypeError, ValueError):
            return None
        if any(now > min(when) + end for when, end in zip(times, self._ends, strict=True)):
            return None
        return self._rows(*values, *times)

    def _columns(
        self, replies: Sequence[Sequence[Any]]
    ) -> tuple[list[Sequence[Any]], list[Sequence[Any]]]:
        """Return what is stored of the event times of each view, and of all features."""
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
    ) -> tuple[list[Sequence[float]], list[Sequence[Any]]]:
        """Return the event times of each view, and the values of all features.

        Times in whole seconds are integers like the others.
        """
        whole = [stored[at] for at in self._integers]
        tags = [INT64_TAG] * len(whole)
        numbers = integers([*whole, *times], [*tags, *[SECONDS_TAG] * len(times)])
        if numbers is None:
            numbers = integers(whole, tags)
            if numbers is None:
                raise ValueError("not all integers are plain")
            numbers += [[event_time(data) for data in column] for column in times]
        decoded = dict(zip(self._integers, numbers, strict=False))
        values: list[Sequence[Any]] = [
            decoded[at] if at in decoded else [decoder[data] for data in column]
            for at, (decoder, column) in enumerate(zip(self._decoders, stored, strict=True))
        ]
        return [[*map(float, column)] for column in numbers[len(whole) :]], values


def integers(columns: Sequence[Sequence[Any]], tags: Sequence[int]) -> list[list[Any]] | None:
    """Return the numbers of columns of one length, each stored as its column's tag and one varint.

    Returns None unless all of them are just that.
    """
    if not columns:
        return []
    size = len(columns[0])
    stored = list(chain.from_iterable(columns))
    data = np.frombuffer(b"".join(stored), np.uint8)
    lengths = np.fromiter(map(len, stored), np.int64, len(stored))
    starts = lengths.cumsum() - lengths
    if not _are_plain(data, lengths, starts, np.repeat(tags, size)):
        return None
    groups = (data & (_CONTINUED - 1)).astype(np.int64)
    groups[starts] = 0
    places = np.arange(-1, data.size - 1) - starts.repeat(lengths)
    places[starts] = 0
    numbers = np.add.reduceat(groups << (7 * places), starts).tolist()
    return [numbers[at : at + size] for at in range(0, len(numbers), size)]


def _are_plain(data: Any, lengths: Any, starts: Any, tags: Any) -> bool:
    """Whether each is its tag, bytes that go on, and one that does not."""
    return bool(
        lengths.min() > 1
        and lengths.max() <= _LONGEST
        and (data[starts] == tags).all()
        and (data[starts + lengths - 1] < _CONTINUED).all()
        and np.count_nonzero(data < _CONTINUED) == 2 * lengths.size
    )
