"""A view's window is in the online store before its watermark moves; a killed run is mended."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
import redis

from hotplate import jobs
from hotplate.jobs import JobError, Window
from hotplate.jobs.repository.session import connected
from hotplate.model.artifact_store import artifact_store
from hotplate.online import Connection, OnlineReader, ReadPlan, ViewStatus
from support.feast.small_repository import (
    PERSONS,
    PLACES,
    SERVICE,
    SmallRepository,
    full,
    person,
    run_killed,
)
from support.jobs.outcomes import watermark

ALL = Window(start=datetime(2000, 1, 1, tzinfo=UTC))


def served(repository: SmallRepository, **join_keys: Any) -> Any:
    """Return what scoring processes read."""
    plan = ReadPlan.from_json(
        artifact_store(repository.store).get(jobs.apply(repository.workspace()).read_plan)
    )

    async def read() -> Any:
        reader = OnlineReader(plan, SERVICE, Connection.from_url(repository.store))
        try:
            return await reader.read([{"person": "p0000", "place": 0} | join_keys], 5.0)
        finally:
            await reader.close()

    return asyncio.run(read())[0]


def newest(repository: SmallRepository) -> pd.DataFrame:
    habits = pd.read_parquet(repository.folder / "repo" / "data" / "habits.parquet")
    return habits.drop_duplicates("person", keep="last").set_index("person")


def add_row(repository: SmallRepository, who: str, visits: int, age: timedelta) -> None:
    path = repository.folder / "repo" / "data" / "habits.parquet"
    when = pd.Timestamp(datetime.now(UTC) - age).floor("us")
    row = {"person": who, "visits": visits, "spent": 1.0, "event_timestamp": when}
    pd.concat([pd.read_parquet(path), pd.DataFrame([row])]).to_parquet(path)


def test_every_entity_s_latest_row_is_served(applied: SmallRepository) -> None:
    result = jobs.materialize(applied.workspace(), "habits")
    assert result.rows == PERSONS
    row = served(applied, person=person(7))
    expected = newest(applied).loc[person(7)]
    assert row.values["visits"] == expected["visits"]
    assert row.values["spent"] == expected["spent"]
    assert row.views["habits"].status is ViewStatus.PRESENT


def test_a_first_run_goes_back_as_far_as_the_view_s_ttl(applied: SmallRepository) -> None:
    result = jobs.materialize(applied.workspace(), "surroundings")
    assert result.rows == PLACES
    assert result.end - result.start == timedelta(days=400)


def test_the_watermark_is_the_window_s_end_and_the_next_run_starts_there(
    applied: SmallRepository,
) -> None:
    first = jobs.materialize(applied.workspace(), "habits")
    assert watermark(applied, "habits") == first.end
    add_row(applied, person(3), 99, timedelta(seconds=0))
    without = applied.workspace(materialization={"overlap": "1ms"})
    second = jobs.materialize(without, "habits")
    assert (second.start, second.rows) == (first.end - timedelta(milliseconds=1), 1)
    assert served(applied, person=person(3)).values["visits"] == 99


def test_late_and_corrected_rows_arrive_within_the_overlap(applied: SmallRepository) -> None:
    first = jobs.materialize(applied.workspace(), "habits")
    path = applied.folder / "repo" / "data" / "habits.parquet"
    habits = pd.read_parquet(path)
    habits.loc[habits.index[habits["person"] == person(5)][-1], "visits"] = 97
    habits.to_parquet(path)
    add_row(applied, "late", 98, timedelta(minutes=30))
    second = jobs.materialize(applied.workspace(), "habits")
    assert second.start == first.end - timedelta(hours=1)
    assert second.newest_event_time == first.newest_event_time
    assert served(applied, person=person(5)).values["visits"] == 97
    assert served(applied, person="late").values["visits"] == 98


def test_rows_without_a_join_key_are_skipped_up_to_a_limit(applied: SmallRepository) -> None:
    path = applied.folder / "repo" / "data" / "habits.parquet"
    habits = pd.read_parquet(path)
    habits.loc[habits["person"].isin([person(1), person(2)]), "person"] = None
    habits.to_parquet(path)
    result = jobs.materialize(applied.workspace(), "habits")
    assert (result.rows, result.null_keys, result.rows_in_source) == (PERSONS - 2, 4, 3 * PERSONS)
    with pytest.raises(JobError, match=r"TooManyNullKeys: feature view habits: 6 rows.*maxNull"):
        jobs.materialize(applied.workspace(materialization={"maxNullKeys": 3}), "habits", ALL)


def test_a_table_without_ttl_is_written_whole_however_old_it_is(
    repository: SmallRepository,
) -> None:
    repository.redefine("timedelta(days=400)", "timedelta(0)")
    path = repository.folder / "repo" / "data" / "surroundings.parquet"
    old = pd.Timestamp("1969-07-20T20:17:40Z")
    pd.read_parquet(path).assign(event_timestamp=old).to_parquet(path)
    jobs.apply(repository.workspace())
    result = jobs.materialize(repository.workspace(), "surroundings")
    assert (result.rows, result.newest_event_time) == (PLACES, old)
    assert served(repository, place=3).values["shops"] == 9


def test_rows_of_the_future_are_counted_and_not_written(applied: SmallRepository) -> None:
    add_row(applied, person(1), 99, -timedelta(days=26_000))
    result = jobs.materialize(applied.workspace(), "habits")
    assert (result.rows, result.rows_ahead) == (PERSONS, 1)
    assert served(applied, person=person(1)).values["visits"] != 99


def test_a_window_of_the_past_does_not_replace_newer_rows(applied: SmallRepository) -> None:
    jobs.materialize(applied.workspace(), "habits")
    now = datetime.now(UTC)
    past = Window(now - timedelta(days=70), now - timedelta(days=40))
    result = jobs.materialize(applied.workspace(), "habits", past)
    assert (result.start, result.end, result.rows) == (past.start, past.end, PERSONS)
    assert (
        served(applied, person=person(9)).values["visits"]
        == newest(applied).loc[person(9), "visits"]
    )


def test_a_window_never_ends_in_the_future(applied: SmallRepository) -> None:
    ahead = Window(end=datetime.now(UTC) + timedelta(days=3))
    assert jobs.materialize(applied.workspace(), "habits", ahead).end <= datetime.now(UTC)


def test_a_window_that_ends_before_it_starts_is_refused(applied: SmallRepository) -> None:
    now = datetime.now(UTC)
    with pytest.raises(JobError, match="WindowInvalid"):
        jobs.materialize(applied.workspace(), "habits", Window(now, now - timedelta(days=1)))


def test_a_view_that_is_not_there_is_refused_with_those_that_are(applied: SmallRepository) -> None:
    with pytest.raises(JobError) as caught:
        jobs.materialize(applied.workspace(), "habit")
    assert caught.value.reason == "ViewUnknown"
    assert "habits, surroundings" in caught.value.message


def test_a_view_is_served_by_feast_while_and_after_it_is_materialized(
    applied: SmallRepository,
) -> None:
    jobs.materialize(applied.workspace(), "habits")
    feast = connected(applied.workspace())
    rows = [{"person": person(1)}]
    answer = feast.get_online_features(["habits:visits"], rows).to_dict()
    assert answer["visits"] == [newest(applied).loc[person(1), "visits"]]


def test_a_data_source_that_is_broken_leaves_the_watermark_alone(applied: SmallRepository) -> None:
    first = jobs.materialize(applied.workspace(), "habits")
    (applied.folder / "repo" / "data" / "habits.parquet").write_bytes(b"not parquet")
    with pytest.raises(JobError) as caught:
        jobs.materialize(applied.workspace(), "habits")
    assert caught.value.reason == "OfflineStoreFailed"
    assert "feature view habits" in caught.value.message
    assert watermark(applied, "habits") == first.end


def test_a_full_store_leaves_the_watermark_alone_and_the_next_run_mends(
    applied: SmallRepository, valkey: redis.Redis
) -> None:
    with full(valkey), pytest.raises(JobError) as caught:
        jobs.materialize(applied.workspace(), "habits")
    assert caught.value.reason == "OnlineStoreFull"
    assert watermark(applied, "habits") is None
    assert jobs.materialize(applied.workspace(), "habits").rows == PERSONS
    jobs.materialize(applied.workspace(), "surroundings")
    assert jobs.verify(applied.workspace()).views[0].sampled == 200


@pytest.mark.parametrize(
    "step",
    [
        "before pulling",
        "before writing",
        "in mid-write",
        "before the watermark",
        "after the watermark",
    ],
)
def test_a_run_killed_at_any_step_is_mended_by_the_next(
    applied: SmallRepository, step: str
) -> None:
    assert run_killed(step, applied.workspace(), "habits") == -9
    assert (watermark(applied, "habits") is not None) == (step == "after the watermark")
    jobs.materialize(applied.workspace(), "habits")
    jobs.materialize(applied.workspace(), "surroundings")
    checks = {view.view: view for view in jobs.verify(applied.workspace()).views}
    assert checks["habits"].sampled == 200
    assert (
        served(applied, person=person(299)).values["visits"]
        == newest(applied).loc[person(299), "visits"]
    )
