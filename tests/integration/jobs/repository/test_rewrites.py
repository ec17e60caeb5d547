"""A view whose definition changed is rewritten whole, and old fields are deleted."""

import pandas as pd
import pytest
import redis

from hotplate import jobs
from hotplate.online.layout.fields import field_of
from support.feast.small_repository import PERSONS, SmallRepository, person, run_killed


@pytest.fixture
def served(applied: SmallRepository) -> SmallRepository:
    path = applied.folder / "repo/data/habits.parquet"
    pd.read_parquet(path).assign(mood="good").to_parquet(path)
    for view in ("habits", "surroundings"):
        jobs.materialize(applied.workspace(), view)
    return applied


def fields(valkey: redis.Redis, view: str, feature: str) -> int:
    """Return how many rows have a field of the feature."""
    return sum(
        bool(valkey.hexists(key, field_of(view, feature)))
        for key in valkey.scan_iter("*", _type="HASH")
    )


def redefined(repository: SmallRepository) -> None:
    """Replace a feature of habits by another, which the written rows lack."""
    repository.redefine('"spent", dtype=Float64', '"mood", dtype=String')
    definitions = repository.folder / "repo/definitions.py"
    text = definitions.read_text().replace("[habits, surroundings, thrift]", "[habits]")
    definitions.write_text(text[: text.index("@on_demand_feature_view(")] + _service(text))


def _service(text: str) -> str:
    return text[text.index("shop_risk = ") :]


def test_a_new_feature_is_written_for_rows_that_were_there_before(
    served: SmallRepository, valkey: redis.Redis
) -> None:
    redefined(served)
    applied = jobs.apply(served.workspace(apply={"maxDeletions": 1}))
    assert applied.changed_views == ("habits",)
    assert jobs.materialize(served.workspace(), "habits", jobs.Window()).rows == PERSONS
    assert fields(valkey, "habits", "mood") == PERSONS
    assert jobs.verify(served.workspace()).views[0].sampled == 200
    assert jobs.materialize(served.workspace(), "habits").rows == 0


def test_the_fields_of_a_removed_feature_are_deleted(
    served: SmallRepository, valkey: redis.Redis
) -> None:
    assert fields(valkey, "habits", "spent") == PERSONS
    redefined(served)
    jobs.apply(served.workspace(apply={"maxDeletions": 1}))
    assert fields(valkey, "habits", "spent") == 0
    assert fields(valkey, "habits", "visits") == PERSONS
    assert fields(valkey, "surroundings", "shops") == 20


def test_a_rewrite_that_was_killed_is_done_by_the_next_run(
    served: SmallRepository, valkey: redis.Redis
) -> None:
    redefined(served)
    jobs.apply(served.workspace(apply={"maxDeletions": 1}))
    assert run_killed("in mid-write", served.workspace(), "habits") == -9
    assert jobs.materialize(served.workspace(), "habits").rows == PERSONS
    assert fields(valkey, "habits", "mood") == PERSONS


def test_a_window_of_its_own_does_not_count_as_the_rewrite(served: SmallRepository) -> None:
    redefined(served)
    jobs.apply(served.workspace(apply={"maxDeletions": 1}))
    end = pd.Timestamp.now("UTC").to_pydatetime()
    jobs.materialize(served.workspace(), "habits", jobs.Window(start=end, end=end))
    assert jobs.materialize(served.workspace(), "habits").rows == PERSONS


def test_other_join_keys_take_the_old_rows_away(
    served: SmallRepository, valkey: redis.Redis
) -> None:
    path = served.folder / "repo/data/habits.parquet"
    habits = pd.read_parquet(path)
    habits.assign(customer=habits["person"]).to_parquet(path)
    served.redefine('person = Entity(name="person"', 'person = Entity(name="customer"')
    definitions = served.folder / "repo/definitions.py"
    definitions.write_text(
        definitions.read_text().replace('Field(name="person"', 'Field(name="customer"')
    )
    jobs.apply(served.workspace(apply={"maxDeletions": 1}))
    assert fields(valkey, "habits", "visits") == 0
    assert jobs.materialize(served.workspace(), "habits").rows == PERSONS
    assert person(0).encode() in b"".join(valkey.scan_iter("*customer*"))


def test_another_description_writes_nothing_anew(served: SmallRepository) -> None:
    served.redefine('"visits", dtype=Int64', '"visits", dtype=Int64, description="a month"')
    assert jobs.apply(served.workspace()).changed_views == ()
    assert jobs.materialize(served.workspace(), "habits").rows == 0


def test_a_view_that_was_never_materialized_is_not_written_anew(applied: SmallRepository) -> None:
    applied.redefine("timedelta(days=60)", "timedelta(days=50)")
    assert jobs.apply(applied.workspace()).changed_views == ()
