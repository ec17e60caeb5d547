"""Deletion on a real server: exact, countable before, at a limited rate."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import redis

from hotplate.online import Connection
from hotplate.online.feast.deletion import (
    Deleted,
    Deletion,
    Rows,
    delete_features,
    delete_rows,
    delete_view,
)
from hotplate.online.layout.fields import field_of
from hotplate.online.write.writer import write
from support.online.rows import PLAN, table, view

PEOPLE = 120
ROWS = Rows("prod", ("person",))


@pytest.fixture
def filled(connection: Connection) -> Connection:
    """Two views of persons in `prod`, and one in each project whose name looks alike."""
    twin = replace(view("people"), name="twin")
    for project in ("prod", "my_prod", "prod2"):
        write(connection, view("people"), project, table("people", PEOPLE))
    write(connection, twin, "prod", table("people", PEOPLE // 2))
    return connection


def fields(name: str) -> list[bytes]:
    return [field_of(name, feature.name) for feature in PLAN.views[1].features]


def test_a_dry_run_counts_and_deletes_nothing(filled: Connection, client: redis.Redis) -> None:
    dry = Deletion(dry_run=True)
    assert delete_rows(client, ROWS, dry) == Deleted(PEOPLE, PEOPLE, 0)
    halves = Deleted(PEOPLE, PEOPLE // 2, PEOPLE // 2)
    assert delete_view(client, ROWS, "people", fields("people"), dry) == halves
    assert client.dbsize() == 3 * PEOPLE


def test_a_view_goes_and_the_rows_of_its_neighbours_stay(
    filled: Connection, client: redis.Redis
) -> None:
    delete_view(client, ROWS, "people", fields("people"))
    assert client.dbsize() == 2 * PEOPLE + PEOPLE // 2
    left = [key for key in client.scan_iter(count=1000) if ROWS.holds(key)]
    assert {frozenset(client.hkeys(key)) for key in left} == {
        frozenset([b"_ts:twin", *fields("twin")])
    }


def test_removed_features_lose_their_fields(filled: Connection, client: redis.Redis) -> None:
    gone = fields("people")[:1]
    assert delete_features(client, ROWS, gone) == Deleted(PEOPLE, 0, PEOPLE)
    assert delete_features(client, ROWS, gone) == Deleted(PEOPLE, 0, 0)


def test_a_limit_of_keys_a_second_is_kept(filled: Connection, client: redis.Redis) -> None:
    started = time.monotonic()
    delete_rows(client, ROWS, Deletion(keys_per_second=200))
    assert time.monotonic() - started >= PEOPLE / 200 * 0.9
    assert client.dbsize() == 2 * PEOPLE
