"""Columns decoded at once, against the decoders of one value."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from hotplate.online.decode.columns import doubles, event_times, integers, texts
from hotplate.online.layout.dtypes import decoder
from hotplate.online.layout.timestamps import event_time, varint

ROWS = 3
INT64 = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 9).flatmap(lambda n: st.integers(-1, 1).map(lambda by: (1 << 7 * n) + by)),
).map(lambda number: b"\x20" + varint(number))
DOUBLE = st.floats(allow_nan=False).map(lambda number: b"\x29" + struct.pack("<d", number))
STRING = (
    st.text(max_size=130)
    .map(lambda text: text.encode())
    .map(lambda data: b"\x12" + varint(len(data)) + data)
)
TIME = st.builds(
    lambda seconds, nanos: Timestamp(seconds=seconds, nanos=nanos).SerializeToString(),
    st.integers(1_600_000_000, 1_800_000_000) | st.integers(-(2**36), 2**36),
    st.just(0) | st.integers(0, 999_999_999),
)


def by_one_value(stored: Any, read: Callable[[Any], Any]) -> Any:
    """Return what one value is read as, or the type of error that it raises."""
    try:
        return read(stored)
    except (TypeError, ValueError, IndexError) as error:
        return type(error)


def damaged(values: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Return values with one byte changed, taken away or added, or cut off."""

    def damage(stored: bytes, at: int, by: bytes, end: int) -> bytes:
        place = at % (len(stored) + 1)
        return (stored[:place] + by + stored[place + 1 :])[:end]

    return st.builds(damage, values, st.integers(0, 20), st.binary(max_size=2), st.integers(0, 20))


KINDS = {
    "INT64": (INT64, lambda column: integers([column])[0], decoder("INT64").__getitem__),
    "DOUBLE": (DOUBLE, lambda column: doubles([column])[0], decoder("DOUBLE").__getitem__),
    "STRING": (STRING, texts, decoder("STRING").__getitem__),
    "TIME": (TIME, lambda column: event_times([column])[0], event_time),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_a_column_is_read_as_each_of_its_values_is_or_left_to_them(
    kind: str, data: st.DataObject
) -> None:
    values, at_once, one = KINDS[kind]
    strange = st.one_of(damaged(values), st.binary(max_size=17), st.none(), st.just(b""))
    column = data.draw(st.lists(values, min_size=ROWS, max_size=ROWS))
    column[-1] = data.draw(st.one_of(values, strange))
    found = at_once(column)
    expected = [by_one_value(stored, one) for stored in column]
    assert found is None or [*map(repr, found)] == [*map(repr, expected)]


PLAIN = {
    "INT64": [b"\x20\x00", b"\x20\x7f", b"\x20" + varint(2**42), b"\x20" + varint(2**56 - 1)],
    "DOUBLE": [b"\x29" + struct.pack("<d", number) for number in (0.0, -1.5, 1e300)],
    "STRING": [
        b"\x12\x00",
        "\x12\x06Zürich".replace("\x06", "\x07").encode(),
        b"\x12\x7f" + b"x" * 127,
    ],
    "TIME": [b"\x08\x80\xe2\xcf\xaa\x06", b"\x08\x80\xe2\xcf\xaa\x06\x10\xff\x93\xeb\xdc\x03"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_of_plain_values_is_read_at_once(kind: str) -> None:
    _, at_once, one = KINDS[kind]
    assert at_once(PLAIN[kind]) == [one(stored) for stored in PLAIN[kind]]


def test_one_column_that_is_not_plain_leaves_the_others_as_they_are() -> None:
    columns = [[b"\x20\x05", b""], [b"\x20\x06", b"\x20\x07"], [b"\x20\x06", None]]
    assert integers(columns) == [None, [6, 7], None]
