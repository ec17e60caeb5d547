"""Arrow columns as the bytes of Feast's values: numbers of every length, nulls and edges."""

from __future__ import annotations

import pyarrow as pa
import pytest

from hotplate.online.connection.resp import bulk
from hotplate.online.layout.timestamps import varint
from hotplate.online.write.encoding import NULL, bulks
from hotplate.online.write.refusals import ConversionError

EDGES = [0, 1, -1, *(sign * (1 << bit) + step for bit in range(6, 63) for sign in (1, -1)
         for step in (-1, 0)), 2**63 - 1, -(2**63)]  # fmt: skip


def expected(tag: bytes, values: list[int | None]) -> list[bytes]:
    return [NULL if value is None else bulk(tag + varint(value)) for value in values]


@pytest.mark.parametrize("values", [EDGES, [*EDGES, None], [None, 5], []])
def test_integers_of_every_length_are_the_varints_of_their_value(values: list[int | None]) -> None:
    assert bulks(pa.array(values, pa.int64()), "INT64") == expected(b"\x20", values)


def test_small_integers_keep_their_own_field() -> None:
    values = [0, -1, 2**31 - 1, -(2**31), None]
    assert bulks(pa.array(values, pa.int32()), "INT32") == expected(b"\x18", values)


def test_an_integer_beyond_its_type_is_refused() -> None:
    with pytest.raises(ConversionError, match="1 of 1 values of type int64, such as 2147483648"):
        bulks(pa.array([2**31], pa.int64()), "INT32")
