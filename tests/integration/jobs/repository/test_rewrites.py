"""A view whose definition changed is rewritten whole, and old fields are deleted."""

from dataclasses import replace

import pandas as pd
import pytest
import redis

from hotplate import jobs
from hotplate.jobs import JobError, Workspace
from hotplate.online.layout.fields import field_of
from hotplate.protocol.readers import Reader
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


def unread(repository: SmallRepository, *readers: Reader) -> Workspace:
    """Return a workspace that may delete, and knows who reads the online data."""
    return replace(repository.workspace(apply={"maxDeletions": 3}), readers=readers)


def _service(text: str) -> str:
    return text[text.index("shop_risk = ") :]


def test_a_new_feature_is_written_for_rows_that_were_there_before(
    served: SmallRepository, valkey: redis.Redis
) -> None:
    redefined(served)
    applied = jobs.apply(served.workspace(apply={"maxDeletions": 3}))
    assert applied.changed_views == ("habits",)
    assert jobs.materialize(served.workspace(), "habits", jobs.Window()).rows == PERSONS
    assert fields(valkey, "habits", "mood") == PERSONS
    assert jobs.verify(served.workspace()).views[0].sampled == 200
    without = served.workspace(materialization={"overlap": "1ms"})
    assert jobs.materialize(without, "habits").rows == 0


def test_the_fields_of_a_removed_feature_are_deleted(
    served: SmallRepository, valkey: redis.Redis
) -> None:
    assert fields(valkey, "habits", "spent") == PERSONS
    redefined(served)
    jobs.apply(unread(served))
    assert fields(valkey, "habits", "spent") == 0
    assert fields(valkey, "habits", "visits") == PERSONS
    assert fields(valkey, "surroundings", "shops") == 20


def test_a_plan_names_what_it_takes_away_with_online_keys_and_who_reads_it(
    served: SmallRepository,
) -> None:
    redefined(served)
    plan = jobs.plan(served.workspace())

    assert plan.destructive == 2
    unserved = ("surroundings:district", "surroundings:shops", "thrift:spent_per_visit")
    reader = "read by feature service shop_risk"
    assert [str(each) for each in plan.losses] == [
        f"habits:spent: removed; {PERSONS} online keys; {reader}",
        *(f"{each}: removed from feature service shop_risk; {reader}" for each in unserved),
    ]
    with pytest.raises(JobError, match="2 destructive changes") as refused:
        jobs.apply(served.workspace(apply={"maxDeletions": 1}))
    assert refused.value.reason == "ApplyBlocked"


def test_an_apply_of_another_plan_than_was_decided_on_takes_nothing_away(
    served: SmallRepository, valkey: redis.Redis
) -> None:
    decided = jobs.plan(served.workspace()).plan_hash
    redefined(served)

    with pytest.raises(JobError, match="habits:spent: removed") as refused:
        jobs.apply(replace(unread(served), plan_hash=decided))

    assert refused.value.reason == "PlanChanged"
    assert fields(valkey, "habits", "spent") == PERSONS


def test_online_data_of_a_removed_feature_stays_while_a_live_model_reads_it(
    served: SmallRepository, valkey: redis.Redis
) -> None:
    old = jobs.apply(unread(served)).read_plan
    redefined(served)
    live = Reader("risk", "shop_risk", old)

    now = jobs.apply(unread(served, live))
    assert now.kept == ("habits:spent",)
    assert fields(valkey, "habits", "spent") == PERSONS
    assert jobs.materialize(served.workspace(), "habits").kept is None
    assert jobs.materialize(unread(served, live), "habits").kept == ("habits:spent",)
    assert fields(valkey, "habits", "spent") == PERSONS

    rolled = Reader("risk", "shop_risk", now.read_plan)
    assert jobs.materialize(unread(served, rolled), "habits").kept == ()
    assert fields(valkey, "habits", "spent") == 0
    assert fields(valkey, "habits", "visits") == PERSONS


def test_a_feature_that_comes_back_is_no_longer_on_its_way_out(
    served: SmallRepository, valkey: redis.Redis
) -> None:
    definitions = served.folder / "repo/definitions.py"
    before = definitions.read_text()
    redefined(served)
    assert jobs.apply(served.workspace(apply={"maxDeletions": 3})).kept == ("habits:spent",)

    definitions.write_text(before)
    assert jobs.apply(unread(served)).kept == ()
    assert fields(valkey, "habits", "spent") == PERSONS


def test_a_view_that_is_removed_stays_while_a_live_model_reads_it(
    served: SmallRepository, valkey: redis.Redis
) -> None:
    old = jobs.apply(unread(served)).read_plan
    definitions = served.folder / "repo/definitions.py"
    definitions.write_text(without_surroundings(definitions.read_text()))

    now = jobs.apply(unread(served, Reader("risk", "shop_risk", old)))
    assert now.kept == ("surroundings",)
    assert fields(valkey, "surroundings", "shops") == 20

    assert jobs.apply(unread(served)).kept == ()
    assert fields(valkey, "surroundings", "shops") == 0
    assert fields(valkey, "habits", "visits") == PERSONS


def without_surroundings(text: str) -> str:
    kept = text.replace("[habits, surroundings, thrift]", "[habits, thrift]")
    return kept[: kept.index("surroundings = ")] + kept[kept.index("\n\n@on_demand") :]


def test_a_rewrite_that_was_killed_is_done_by_the_next_run(
    served: SmallRepository, valkey: redis.Redis
) -> None:
    redefined(served)
    jobs.apply(served.workspace(apply={"maxDeletions": 3}))
    assert run_killed("in mid-write", served.workspace(), "habits") == -9
    assert jobs.materialize(served.workspace(), "habits").rows == PERSONS
    assert fields(valkey, "habits", "mood") == PERSONS


def test_a_window_of_its_own_does_not_count_as_the_rewrite(served: SmallRepository) -> None:
    redefined(served)
    jobs.apply(served.workspace(apply={"maxDeletions": 3}))
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
    jobs.apply(unread(served))
    assert fields(valkey, "habits", "visits") == 0
    assert jobs.materialize(served.workspace(), "habits").rows == PERSONS
    assert person(0).encode() in b"".join(valkey.scan_iter("*customer*"))


def test_another_description_writes_nothing_anew(served: SmallRepository) -> None:
    served.redefine('"visits", dtype=Int64', '"visits", dtype=Int64, description="a month"')
    assert jobs.apply(served.workspace()).changed_views == ()
    without = served.workspace(materialization={"overlap": "1ms"})
    assert jobs.materialize(without, "habits").rows == 0


def test_a_view_that_was_never_materialized_is_not_written_anew(applied: SmallRepository) -> None:
    applied.redefine("timedelta(days=60)", "timedelta(days=50)")
    assert jobs.apply(applied.workspace()).changed_views == ()
