"""Feature rows of replies: plain ones, and every way in which a reply is not plain."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any

import hiredis
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from hotplate.online import (
    EntityKeyError,
    FeatureValueError,
    OnlineStoreUnavailable,
    ReadPlan,
    ReadPlanError,
)
from hotplate.online.decode.batch import MIN_ROWS
from hotplate.online.decode.service_reader import FeatureRow, ServiceReader, ViewStatus
from hotplate.online.errors import MalformedValue
from hotplate.online.layout.timestamps import event_time
from hotplate.protocol.read_plan import FeaturePlan, JoinKey, ServiceFeature, ServicePlan, ViewPlan
from support.online.rows import PLAN, SERVICE, people

THEN = 1_700_000_000
STAMP = b"\x08\x80\xe2\xcf\xaa\x06"
PLACES = [b"\x12\x04Bern", b"\x20\x07", STAMP]
PEOPLE = [b"\x20\x01", b"\x29" + bytes(8), STAMP]
DAY = 86_400


def row(*replies: Any, now: float = THEN + DAY) -> FeatureRow:
    (made,) = ServiceReader(PLAN, SERVICE).rows(replies, now)
    return made


def test_the_stamp_is_then() -> None:
    assert event_time(STAMP) == THEN


def test_a_row_of_present_views_has_all_values() -> None:
    made = row(PLACES, PEOPLE)
    assert made.values == {"city": "Bern", "population": 7, "due": 1, "ratio": 0.0}
    assert {read.status for read in made.views.values()} == {ViewStatus.PRESENT}
    assert {read.event_time for read in made.views.values()} == {THEN}


def test_a_missing_view_leaves_the_others_as_they_are() -> None:
    made = row([None, None, None], PEOPLE)
    assert made.values == {"city": None, "population": None, "due": 1, "ratio": 0.0}
    assert made.views["places"].status is ViewStatus.NOT_FOUND
    assert made.views["places"].event_time is None


@pytest.mark.parametrize(("late", "status"), [(0, "PRESENT"), (1, "EXPIRED")])
def test_a_row_expires_when_it_is_older_than_the_ttl(late: int, status: str) -> None:
    read = row(PLACES, PEOPLE, now=THEN + 90 * DAY + late).views["people"]
    assert (read.status, read.event_time) == (status, THEN)


@pytest.mark.parametrize(("ahead", "status"), [(300, "PRESENT"), (301, "FUTURE")])
@pytest.mark.parametrize("rows", [1, MIN_ROWS])
def test_a_row_of_more_than_five_minutes_ahead_is_of_the_future(
    ahead: int, status: str, rows: int
) -> None:
    replies = [PLACES] * rows + [PEOPLE] * rows
    for made in ServiceReader(PLAN, SERVICE).rows(replies, THEN - ahead):
        assert made.views["people"] == (status, THEN)
        assert made.values["due"] == (1 if status == "PRESENT" else None)


def test_one_row_of_the_future_leaves_the_others_of_a_batch_as_they_are() -> None:
    ahead = b"\x08\x80\xe2\xcf\xaa\x07"
    people = [[*PEOPLE[:2], ahead], *[PEOPLE] * (MIN_ROWS - 1)]
    rows = ServiceReader(PLAN, SERVICE).rows([PLACES] * MIN_ROWS + people, THEN)
    assert [made.views["people"].status for made in rows] == [
        "FUTURE",
        *["PRESENT"] * (MIN_ROWS - 1),
    ]


def test_rows_keep_the_order_of_their_replies() -> None:
    replies = [PLACES, [None] * 3, PLACES, PEOPLE, PEOPLE, [None] * 3]
    rows = ServiceReader(PLAN, SERVICE).rows(replies, THEN)
    found = [[read.status == "PRESENT" for read in made.views.values()] for made in rows]
    assert found == [[True, True], [False, True], [True, False]]


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        ([*PLACES, b"more"], FeatureValueError, "places: not a row of features"),
        (PLACES[1:], FeatureValueError, "places: not a row of features"),
        (b"abc", FeatureValueError, "places: not a row of features"),
        (7, FeatureValueError, "places: not a row of features"),
        ([PLACES[0], 7, STAMP], FeatureValueError, "places: not a row of features"),
        ([PLACES[0], [b"x"], STAMP], FeatureValueError, "places: not a row of features"),
        ([*PLACES[:2], b"\x08"], FeatureValueError, "places: event time"),
        ([*PLACES[:2], 7], FeatureValueError, "places: not a row of features"),
        (hiredis.ReplyError("WRONGTYPE Operation"), FeatureValueError, "places.*WRONGTYPE"),
        (hiredis.ReplyError("LOADING"), OnlineStoreUnavailable, "LOADING"),
    ],
)
def test_a_reply_that_is_no_row_is_told(reply: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        row(reply, PEOPLE)


@given(st.lists(st.text(min_size=1, max_size=6), min_size=2, max_size=5, unique=True))
def test_names_of_any_text_are_names_and_no_code(names: list[str]) -> None:
    view, *features = names
    plans = tuple(FeaturePlan(name, "INT64", "00") for name in features)
    service = ServicePlan("s", tuple(ServiceFeature(view, name) for name in features))
    plan = ReadPlan("p", (ViewPlan(view, (JoinKey("k", "INT64"),), plans),), (), (service,))
    stored = [b"\x20%c" % n for n in range(len(features))]
    (made,) = ServiceReader(plan, "s").rows([[*stored, STAMP]], THEN)
    assert made.values == {name: n for n, name in enumerate(features)}
    assert list(made.views) == [view]


def test_a_service_that_reads_no_view_is_refused() -> None:
    plan = ReadPlan("p", (), (), (ServicePlan("empty", ()),))
    with pytest.raises(ReadPlanError, match="empty reads no feature view"):
        ServiceReader(plan, "empty")


def test_a_plan_with_keys_of_another_version_is_refused() -> None:
    with pytest.raises(ReadPlanError, match="entity_key_serialization_version is 2"):
        ServiceReader(replace(PLAN, entity_key_serialization_version=2), SERVICE)


def varint(number: int) -> bytes:
    """Return an integer as protobuf writes one."""
    number %= 2**64
    groups = []
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, 1, 127, 128, 2**56 - 1, 2**56, -1]),
).map(lambda number: b"\x20" + varint(number))
STRANGE = st.one_of(st.none(), st.just(b""), st.binary(max_size=4), st.just(b"\x20\x05\x20"))
READING = ServiceReader(PLAN, SERVICE)
STAMPS = st.sampled_from([STAMP, STAMP + b"\x10\x01", b"\x08\x81\xe2\xcf\xaa\x06"])


@pytest.mark.parametrize("plain", [True, False])
@given(data=st.data())
def test_many_rows_are_read_as_each_of_them_is(plain: bool, data: st.DataObject) -> None:
    numbers = NUMBERS if plain else st.one_of(NUMBERS, STRANGE)
    places = st.tuples(st.just(PLACES[0]), numbers, STAMPS).map(list)
    persons = st.tuples(numbers, st.just(PEOPLE[1]), STAMPS).map(list)
    pairs = data.draw(st.lists(st.tuples(places, persons), min_size=20, max_size=22))
    replies = [*chain.from_iterable(zip(*pairs, strict=True))]
    alone = [made for pair in pairs for made in _made_or_told(pair)]
    told = [made for made in alone if isinstance(made, str)]
    assert _made_or_told(replies) == (told[:1] or alone)


def _made_or_told(replies: list[Any]) -> list[FeatureRow | str]:
    """Return the rows, or what is told of the first that cannot be made."""
    try:
        return [*READING.rows(replies, THEN)]
    except FeatureValueError as error:
        return [str(error)]


def test_many_rows_of_which_one_expired_or_is_none_are_told_apart() -> None:
    old = [*PLACES[:2], b"\x08\x01"]
    replies = [*[PLACES] * 20, old, 7, *[PEOPLE] * 22]
    with pytest.raises(FeatureValueError, match="places: not a row of features"):
        ServiceReader(PLAN, SERVICE).rows(replies, THEN + 1)
    replies[21] = [None] * 3
    found = [
        made.views["places"].status for made in ServiceReader(PLAN, SERVICE).rows(replies, THEN + 1)
    ]
    assert found == [ViewStatus.PRESENT] * 20 + [ViewStatus.EXPIRED, ViewStatus.NOT_FOUND]


@pytest.mark.parametrize("names", [["Zo", "Ina"], ["Zo", "Al"]])
def test_commands_for_one_server_are_those_of_each_key(names: list[str]) -> None:
    reading = ServiceReader(PLAN, SERVICE)
    rows = [{"person": name, "zipcode": n} for n, name in enumerate(names * 10)]
    together = reading.commands_for_one_server(rows)
    each = reading.commands(reading.keys(rows))
    assert len(together) == len(each)
    assert b"".join(together) == b"".join(each)


def test_of_many_rows_the_one_whose_key_cannot_be_made_is_told() -> None:
    rows = [*people(21), {"zipcode": "7", "person": "Zo"}]
    with pytest.raises(EntityKeyError, match="row 21: join key 'zipcode'"):
        ServiceReader(PLAN, SERVICE).commands_for_one_server(rows)


SECONDS = st.one_of(
    st.integers(-(2**36), 2**36), st.sampled_from([2**28 - 1, 2**28, 2**35 - 1, 2**35, -1, 0])
)
NANOS = st.one_of(st.integers(0, 999_999_999), st.sampled_from([0, 1, 127, 128, 999_999_999]))


@given(SECONDS, NANOS)
def test_event_times_are_read_as_protobuf_writes_them(seconds: int, nanos: int) -> None:
    stored = Timestamp(seconds=seconds, nanos=nanos).SerializeToString()
    assert event_time(stored) == seconds + nanos / 1_000_000_000


@given(SECONDS, NANOS, st.binary(max_size=3), st.integers(0, 14))
def test_damaged_event_times_are_read_as_protobuf_reads_them_or_refused(
    seconds: int, nanos: int, damage: bytes, at: int
) -> None:
    good = Timestamp(seconds=seconds, nanos=nanos).SerializeToString()
    stored = good[:at] + damage + good[at + 1 :]
    try:
        found = event_time(stored)
    except MalformedValue:
        return
    parsed = Timestamp.FromString(stored)
    assert found == parsed.seconds + parsed.nanos / 1_000_000_000
