"""The decoder against upb, Feast's own parser, over values of every type and over any bytes."""

from __future__ import annotations

import math
from typing import Any

import pytest
from feast.protos.feast.types import Value_pb2 as protos
from feast.type_map import feast_value_type_to_python_type
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotplate.online.errors import MalformedValue
from hotplate.online.layout.dtypes import decoder
from hotplate.online.layout.values import decode

INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
SECONDS = st.integers(-(10**10), 10**11) | st.just(-(2**63))
DOUBLE = st.floats()
FLOAT = st.floats(width=32)
TEXT = st.text(max_size=40)
BYTES = st.binary(max_size=40)
UUID = st.uuids().map(str)
DECIMAL = st.decimals(allow_nan=False).map(str)
ZONE = st.sampled_from(["", "UTC", "Europe/Zurich", "UTC-07:00", "+0530", "nowhere", "-99:00x"])

SCALARS = {
    "bytes_val": BYTES,
    "string_val": TEXT,
    "int32_val": INT32,
    "int64_val": INT64,
    "double_val": DOUBLE,
    "float_val": FLOAT,
    "bool_val": st.booleans(),
    "unix_timestamp_val": SECONDS,
    "json_val": TEXT | st.just('{"a": [1, null]}'),
    "uuid_val": UUID,
    "time_uuid_val": UUID,
    "decimal_val": DECIMAL,
}

LISTS = {
    "bytes_list_val": (protos.BytesList, BYTES),
    "string_list_val": (protos.StringList, TEXT),
    "int32_list_val": (protos.Int32List, INT32),
    "int64_list_val": (protos.Int64List, INT64),
    "double_list_val": (protos.DoubleList, DOUBLE),
    "float_list_val": (protos.FloatList, FLOAT),
    "bool_list_val": (protos.BoolList, st.booleans()),
    "unix_timestamp_list_val": (protos.Int64List, SECONDS),
    "bytes_set_val": (protos.BytesSet, BYTES),
    "string_set_val": (protos.StringSet, TEXT),
    "int32_set_val": (protos.Int32Set, INT32),
    "int64_set_val": (protos.Int64Set, INT64),
    "double_set_val": (protos.DoubleSet, st.floats(allow_nan=False)),
    "float_set_val": (protos.FloatSet, st.floats(width=32, allow_nan=False)),
    "bool_set_val": (protos.BoolSet, st.booleans()),
    "unix_timestamp_set_val": (protos.Int64Set, SECONDS),
    "json_list_val": (protos.StringList, TEXT),
    "uuid_list_val": (protos.StringList, UUID),
    "time_uuid_list_val": (protos.StringList, UUID),
    "uuid_set_val": (protos.StringSet, UUID),
    "time_uuid_set_val": (protos.StringSet, UUID),
    "decimal_list_val": (protos.StringList, DECIMAL),
    "decimal_set_val": (protos.StringSet, DECIMAL),
}


def scalars() -> st.SearchStrategy[Any]:
    return st.one_of(
        *(values.map(lambda v, n=name: protos.Value(**{n: v})) for name, values in SCALARS.items())
    )


def lists() -> st.SearchStrategy[Any]:
    return st.one_of(
        *(
            st.lists(values, max_size=6).map(
                lambda v, n=name, m=message: protos.Value(**{n: m(val=v)})
            )
            for name, (message, values) in LISTS.items()
        )
    )


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    maps = st.dictionaries(TEXT, inner, max_size=3).map(lambda d: protos.Map(val=d))
    repeated = st.lists(inner, max_size=3).map(lambda v: protos.RepeatedValue(val=v))
    return st.one_of(
        maps.map(lambda m: protos.Value(map_val=m)),
        maps.map(lambda m: protos.Value(struct_val=m)),
        st.lists(maps, max_size=3).map(lambda m: protos.Value(map_list_val=protos.MapList(val=m))),
        st.lists(maps, max_size=3).map(
            lambda m: protos.Value(struct_list_val=protos.MapList(val=m))
        ),
        repeated.map(lambda v: protos.Value(list_val=v)),
        repeated.map(lambda v: protos.Value(set_val=v)),
        scalar_maps(inner),
    )


def scalar_maps(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.one_of(
        INT32.map(lambda v: protos.MapKey(int32_key=v)),
        INT64.map(lambda v: protos.MapKey(int64_key=v)),
        st.booleans().map(lambda v: protos.MapKey(bool_key=v)),
        SECONDS.map(lambda v: protos.MapKey(unix_timestamp_key=v)),
        BYTES.map(lambda v: protos.MapKey(bytes_key=v)),
        UUID.map(lambda v: protos.MapKey(uuid_key=v)),
        DECIMAL.map(lambda v: protos.MapKey(decimal_key=v)),
        st.floats(allow_nan=False).map(lambda v: protos.MapKey(double_key=v)),
    )
    entries = st.builds(lambda k, v: protos.ScalarMapEntry(key=k, value=v), keys, inner)
    return st.lists(entries, max_size=3).map(
        lambda e: protos.Value(scalar_map_val=protos.ScalarMap(val=e))
    )


def zoned() -> st.SearchStrategy[Any]:
    return st.builds(
        lambda s, z: protos.Value(
            zoned_timestamp_val=protos.ZonedTimestamp(unix_timestamp=s, zone=z)
        ),
        SECONDS,
        ZONE,
    )


PLAIN = scalars() | lists() | zoned() | st.just(protos.Value())
VALUES = st.recursive(PLAIN, containers, max_leaves=5)


def same(left: Any, right: Any) -> bool:
    """Equal, of one type, and NaN equal to NaN."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


def by_feast(data: bytes) -> Any:
    """Return what Feast reads, or MalformedValue where it fails."""
    try:
        return feast_value_type_to_python_type(protos.Value.FromString(data))
    except (DecodeError, ValueError, ArithmeticError, OSError, RecursionError):
        return MalformedValue


def by_hotplate(data: bytes) -> Any:
    try:
        return decode(data)
    except MalformedValue:
        return MalformedValue


def assert_safe(data: bytes) -> None:
    """Refuse what upb refuses; read nothing otherwise than upb reads it."""
    found = by_hotplate(data)
    assert found is MalformedValue or same(found, by_feast(data)), (data, found, by_feast(data))


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(VALUES)
def test_every_value_that_feast_can_store_is_read_as_feast_reads_it(value: Any) -> None:
    data = value.SerializeToString()
    expected = by_feast(data)
    if value.WhichOneof("val") != "null_val":
        assert same(by_hotplate(data), expected), (data, by_hotplate(data), expected)


@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damaged_bytes_are_read_as_feast_reads_them_or_refused(data: Any) -> None:
    good = data.draw(VALUES).SerializeToString() + data.draw(VALUES).SerializeToString()
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(0, 3))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    assert_safe(bytes(damaged))


@settings(max_examples=2000, deadline=None)
@given(st.binary(max_size=24))
def test_any_bytes_are_read_as_feast_reads_them_or_refused(data: bytes) -> None:
    assert_safe(data)


@pytest.mark.parametrize(
    "data", [b"\x20", b"\x12\x05ab", b"\x0a", b"\x29\x00", b"\x20" + b"\xff" * 11]
)
def test_a_value_that_is_cut_off_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedValue):
        decode(data)


DTYPES = {name.removesuffix("_val").upper(): name for name in (*SCALARS, *LISTS)}


@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_feature_of_one_type_is_read_as_feast_reads_it_or_refused(data: Any) -> None:
    """The short ways of plain values agree with upb; no value of another type gets through."""
    dtype = data.draw(st.sampled_from(sorted(DTYPES)))
    values = decoder(dtype)
    stored = data.draw(st.one_of(VALUES.map(lambda v: v.SerializeToString()), damaged_values()))
    try:
        found = [values[stored], values[stored]]
    except MalformedValue:
        return
    expected = by_feast(stored)
    assert all(same(each, expected) for each in found), (dtype, stored, found, expected)
    kind = protos.Value.FromString(stored).WhichOneof("val")
    assert kind in ({None, "null_val", DTYPES[dtype]} | WIDENED.get(dtype, set()))


WIDENED = {"INT64": {"int32_val"}, "DOUBLE": {"float_val"}}


def damaged_values() -> st.SearchStrategy[bytes]:
    """Return plain values with one byte changed, taken away or added."""
    plain = scalars().map(lambda value: bytearray(value.SerializeToString()))
    return st.builds(_damaged, plain, st.integers(0, 50), st.binary(max_size=2))


def _damaged(stored: bytearray, at: int, by: bytes) -> bytes:
    place = at % (len(stored) + 1)
    return bytes(stored[:place] + by + stored[place + 1 :])
