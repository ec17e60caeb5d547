"""What is stored is not what the read plan says: foreign bytes, other schemas and revisions."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis

from hotplate.online import Connection, FeatureValueError, OnlineReader, ReadPlan, ViewStatus
from hotplate.online.decode.service_reader import ServiceReader
from hotplate.online.layout.fields import field_of
from hotplate.protocol.read_plan import FeaturePlan, ServiceFeature, ServicePlan, ViewPlan
from support.online.rows import PLAN, SERVICE, expected, people, view

ALL = people(5)


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (b"\x20\x80", "places:population: a varint is cut off"),
        (b"\x12\x02hi", "places:population: expected INT64, found STRING"),
        (b"\xfa\x7f\x00", "places:population: unknown type"),
        (b"\xff\xfe\xfd", "places:population"),
    ],
)
async def test_a_field_that_holds_something_else_is_named(
    reader: OnlineReader, client: redis.Redis, stored: bytes, message: str
) -> None:
    key = ServiceReader(PLAN, SERVICE).keys(ALL[:1])[0]
    client.hset(key, bytes.fromhex(view("places").features[1].field_hex), stored)
    with pytest.raises(FeatureValueError, match=message):
        await reader.read(ALL[:1], 1)
    (row,) = await reader.read(ALL[1:2], 1)
    assert row.values == expected(1)


async def test_a_row_of_an_older_schema_has_no_value_for_a_new_feature(
    filled: Connection,
) -> None:
    """Its field hash is in no row yet: the row is present, the value null, as Feast has it."""
    reader = OnlineReader(_with_places(("area", "DOUBLE")), SERVICE, filled)
    (row,) = await reader.read(ALL[:1], 1)
    assert row.values == expected(0) | {"area": None}
    assert row.views["places"].status is ViewStatus.PRESENT
    await reader.close()


async def test_a_feature_whose_type_changed_is_named_until_it_is_materialized_anew(
    filled: Connection,
) -> None:
    reader = OnlineReader(_with_places(("population", "STRING")), SERVICE, filled)
    with pytest.raises(FeatureValueError, match="places:population: expected STRING, found INT64"):
        await reader.read(ALL[:1], 1)
    await reader.close()


async def test_a_plan_of_a_revision_with_other_views_finds_what_both_have(
    filled: Connection,
) -> None:
    """The store still holds the rows of the revision before."""
    renamed = replace(view("people"), name="persons")
    reader = OnlineReader(_plan_of(view("places"), renamed), SERVICE, filled)
    (row,) = await reader.read(ALL[:1], 1)
    assert row.values == expected(0) | {"due": None, "ratio": None}
    statuses = {name: read.status for name, read in row.views.items()}
    assert statuses == {"places": ViewStatus.PRESENT, "persons": ViewStatus.NOT_FOUND}
    await reader.close()


async def test_a_key_of_another_kind_is_named(reader: OnlineReader, client: redis.Redis) -> None:
    key = ServiceReader(PLAN, SERVICE).keys(ALL[:1])[0]
    client.delete(key)
    client.set(key, "foreign")
    with pytest.raises(FeatureValueError, match=r"feature view places.*WRONGTYPE"):
        await reader.read(ALL[:1], 1)


def _with_places(feature: tuple[str, str]) -> ReadPlan:
    """Return the plan of a revision where `places` has another feature, or one of another type."""
    name, dtype = feature
    changed = FeaturePlan(name, dtype, field_of("places", name).hex())
    kept = [each for each in view("places").features if each.name != name]
    return _plan_of(replace(view("places"), features=(*kept, changed)), view("people"))


def _plan_of(*views: ViewPlan) -> ReadPlan:
    features = tuple(ServiceFeature(each.name, f.name) for each in views for f in each.features)
    return replace(PLAN, views=views, feature_services=(ServicePlan(SERVICE, features),))
