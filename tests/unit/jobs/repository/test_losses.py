from __future__ import annotations

from dataclasses import replace

import pytest

from hotplate.jobs.repository.dropped import dropped
from hotplate.jobs.repository.losses import losses
from hotplate.jobs.repository.rewrites import Stored

VIEW = Stored(
    name="habits",
    join_keys=("person",),
    keys=("person String",),
    features=(("spent", "Float64"), ("visits", "Int64")),
    ttl=0.0,
    source="",
)
ALL = frozenset({("habits", "spent"), ("habits", "visits"), ("thrift", "ratio")})
READS = {"risk": ALL}


def lost(now: Stored | None, after: frozenset[tuple[str, str]] | None = ALL) -> list[str]:
    """Return name, change, whether it counts, and services of each loss."""
    found = losses([VIEW], [now] if now else [], READS, {"risk": after} if after else {})
    return [
        f"{each.name}: {each.change} {'!' if each.is_counted else '-'} {','.join(each.services)}"
        for each in found
    ]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (VIEW, []),
        (replace(VIEW, ttl=5.0, source="other"), []),
        (replace(VIEW, features=(*VIEW.features, ("mood", "String"))), []),
        (replace(VIEW, features=VIEW.features[:1]), ["habits:visits: removed ! risk"]),
        (
            replace(VIEW, features=(("spent", "Float32"), VIEW.features[1])),
            ["habits:spent: type changes from Float64 to Float32 ! risk"],
        ),
        (
            replace(VIEW, keys=("person Int64",)),
            ["habits: join keys change from person String to person Int64 ! risk"],
        ),
        (
            replace(VIEW, keys=("id String",), join_keys=("id",)),
            ["habits: join keys change from person String to id String ! risk"],
        ),
        (None, ["habits: removed - risk"]),
    ],
)
def test_what_is_lost_of_a_view_names_who_reads_it(now: Stored | None, expected: list[str]) -> None:
    assert lost(now) == expected


def test_a_feature_that_its_service_no_longer_has_is_lost_to_the_service_alone() -> None:
    assert lost(VIEW, ALL - {("thrift", "ratio")}) == [
        "thrift:ratio: removed from feature service risk - risk"
    ]


def test_a_feature_service_that_is_removed_is_one_loss() -> None:
    assert lost(VIEW, None) == ["feature service risk: removed - risk"]


def test_what_is_dropped_is_whole_under_other_join_keys_and_else_by_feature() -> None:
    removed, rekeyed = replace(VIEW, features=VIEW.features[:1]), replace(VIEW, join_keys=("id",))

    (found,) = dropped([VIEW], [removed])
    assert found.names == ("habits:visits",)
    (found,) = dropped([VIEW], [rekeyed])
    assert (found.names, found.join_keys) == (("habits",), ("person",))
    (found,) = dropped([VIEW], [])
    assert found.names == ("habits",)
    assert dropped([VIEW], [VIEW]) == ()
