"""What is served is compared with the offline store, and the model with what is served."""

import json
import time
from datetime import UTC, datetime

import pandas as pd
import pytest
import redis

from hotplate import jobs
from hotplate.jobs import JobError, VerifyResult
from hotplate.jobs.repository.session import connected
from hotplate.online.layout.fields import field_of
from hotplate.online.layout.timestamps import serialized
from support.feast.small_repository import DEFINITIONS, SmallRepository, person, shop_model
from support.jobs.outcomes import refusal

YEAR_2100 = 4_102_444_800


@pytest.fixture
def served(applied: SmallRepository) -> SmallRepository:
    for view in ("habits", "surroundings"):
        jobs.materialize(applied.workspace(), view)
    return applied


def refused(repository: SmallRepository) -> JobError:
    return refusal(lambda: jobs.verify(repository.workspace(), shop_model()))


def change_habits(repository: SmallRepository, who: str, **values: object) -> None:
    path = repository.folder / "repo/data/habits.parquet"
    habits = pd.read_parquet(path)
    newest = habits.index[habits["person"] == who][-1]
    for column, value in values.items():
        habits.loc[newest, column] = value
    habits.to_parquet(path)


def test_what_was_materialized_is_verified(served: SmallRepository) -> None:
    result = jobs.verify(served.workspace())
    assert [(view.view, view.sampled, view.expired) for view in result.views] == [
        ("habits", 200, 0),
        ("surroundings", 20, 0),
    ]
    assert result.contract_hash is None


def test_a_view_that_was_never_materialized_is_named(applied: SmallRepository) -> None:
    with pytest.raises(JobError) as caught:
        jobs.verify(applied.workspace())
    assert caught.value.reason == "NotMaterialized"
    assert "habits" in caught.value.message


def test_a_value_that_is_served_otherwise_is_named(served: SmallRepository) -> None:
    change_habits(served, person(0), visits=-5)
    with pytest.raises(JobError) as caught:
        jobs.verify(served.workspace())
    assert caught.value.reason == "ServedDiffers"
    assert f"person={person(0)}: visits is served as" in caught.value.message
    assert "the offline store has -5" in caught.value.message


def test_rows_that_were_lost_are_named(served: SmallRepository, valkey: redis.Redis) -> None:
    for key in valkey.scan_iter("*"):
        if b"shops" in key and b"person" in key:
            valkey.delete(key)
    with pytest.raises(JobError) as caught:
        jobs.verify(served.workspace())
    assert caught.value.message.startswith("feature view habits: 200 differences")
    assert "is not found" in caught.value.message


def test_a_value_that_is_not_of_its_type_is_named(
    served: SmallRepository, valkey: redis.Redis
) -> None:
    for key in valkey.scan_iter("*person*", _type="HASH"):
        valkey.hset(key, field_of("habits", "visits"), b"\xff\xff")
    with pytest.raises(JobError) as caught:
        jobs.verify(served.workspace())
    assert caught.value.reason == "ServedDiffers"
    assert "habits" in caught.value.message


def test_a_row_that_came_late_and_was_never_materialized_is_named(applied: SmallRepository) -> None:
    path = applied.folder / "repo/data/habits.parquet"
    whole = pd.read_parquet(path)
    whole.iloc[:-1].to_parquet(path)
    for view in ("habits", "surroundings"):
        jobs.materialize(applied.workspace(), view)
    late = whole.iloc[-1]["person"]
    whole[whole["person"] == late].to_parquet(path)
    with pytest.raises(JobError) as caught:
        jobs.verify(applied.workspace())
    assert f"person={late} is served as of" in caught.value.message


def test_a_row_that_was_pushed_later_is_served_as_it_should_be(served: SmallRepository) -> None:
    row = {"person": [person(0)], "visits": [77], "spent": [0.5]}
    frame = pd.DataFrame({**row, "event_timestamp": [pd.Timestamp(datetime.now(UTC))]})
    connected(served.workspace()).write_to_online_store("habits", frame)
    assert jobs.verify(served.workspace()).views[0].sampled == 200


def test_rows_older_than_their_ttl_are_counted_as_expired(applied: SmallRepository) -> None:
    habits = pd.read_parquet(applied.folder / "repo/data/habits.parquet")
    age = datetime.now(UTC) - habits["event_timestamp"].max()
    ttl = int(age.total_seconds()) + 6
    applied.redefine("ttl=timedelta(days=60)", f"ttl=timedelta(seconds={ttl})")
    jobs.apply(applied.workspace())
    assert jobs.materialize(applied.workspace(), "habits").rows == 300
    jobs.materialize(applied.workspace(), "surroundings")
    time.sleep(6)
    habits_check, _ = jobs.verify(applied.workspace()).views
    assert (habits_check.sampled, habits_check.expired) == (200, 200)


def test_a_view_without_rows_is_not_verified(applied: SmallRepository) -> None:
    path = applied.folder / "repo/data/surroundings.parquet"
    pd.read_parquet(path).iloc[:0].to_parquet(path)
    for view in ("habits", "surroundings"):
        jobs.materialize(applied.workspace(), view)
    with pytest.raises(JobError) as caught:
        jobs.verify(applied.workspace())
    assert caught.value.reason == "NothingToVerify"
    assert "feature view surroundings: its data source has no row" in caught.value.message


def test_a_view_that_is_not_online_is_not_compared(applied: SmallRepository) -> None:
    applied.redefine("ttl=timedelta(days=400),", "ttl=timedelta(days=400), online=False,")
    jobs.apply(applied.workspace())
    jobs.materialize(applied.workspace(), "habits")
    assert [each.view for each in jobs.verify(applied.workspace()).views] == ["habits"]


def test_rows_of_the_future_are_named_and_the_next_run_replaces_them(
    served: SmallRepository, valkey: redis.Redis
) -> None:
    for key in valkey.scan_iter("*person*", _type="HASH"):
        valkey.hset(key, "_ts:habits", serialized(YEAR_2100 * 1_000_000))
    with pytest.raises(JobError) as caught:
        jobs.verify(served.workspace())
    assert caught.value.message.startswith("feature view habits: 200 differences")
    assert "is served as of 2100-01-01 00:00:00+00:00, the offline store has " in str(caught.value)
    jobs.materialize(served.workspace(), "habits", jobs.Window(datetime(2020, 1, 1, tzinfo=UTC)))
    assert jobs.verify(served.workspace()).views[0].sampled == 200


def test_a_model_that_fits_is_verified_with_its_contract_hash(served: SmallRepository) -> None:
    trained = jobs.train(served.workspace(), shop_model())
    verified = jobs.verify(served.workspace(), shop_model())
    assert verified.contract_hash == trained.contract_hash


def test_a_model_that_is_not_there_is_named(served: SmallRepository) -> None:
    assert refused(served).reason == "ModelMissing"


def test_a_model_that_was_corrupted_is_refused(served: SmallRepository) -> None:
    jobs.train(served.workspace(), shop_model())
    (model,) = (served.folder / "home").rglob("model.onnx")
    model.write_bytes(b"corrupt")
    assert refused(served).reason == "ModelCorrupt"


def test_a_model_of_another_feature_service_is_refused_with_both_names(
    served: SmallRepository,
) -> None:
    jobs.train(served.workspace(), shop_model())
    more = "\nother = FeatureService(name='other', features=[habits])\n"
    served.define(DEFINITIONS + more)
    jobs.apply(served.workspace())
    model = shop_model()
    other = model.model_copy(
        update={"spec": model.spec.model_copy(update={"feature_service": "other"})}
    )
    with pytest.raises(JobError) as caught:
        jobs.verify(served.workspace(), other)
    assert caught.value.reason == "ContractMismatch"
    assert "shop_risk" in caught.value.message
    assert "other" in caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[habits, surroundings, thrift]", "[habits, surroundings]", "no longer served: thrift"),
        (
            'Field(name="visits", dtype=Int64)',
            'Field(name="visits", dtype=Float64)',
            "habits:visits (INT64) is now habits:visits (DOUBLE)",
        ),
        ("ttl=timedelta(days=60)", "ttl=timedelta(days=30)", "a ttl"),
        ("(visits + 1)", "(visits + 2)", "an on-demand function changed"),
    ],
)
def test_features_that_are_not_those_of_the_model_are_refused_with_the_difference(
    served: SmallRepository, old: str, new: str, said: str
) -> None:
    jobs.train(served.workspace(), shop_model())
    served.redefine(old, new)
    jobs.apply(served.workspace(apply={"maxDeletions": 5}))
    error = refused(served)
    assert error.reason == "ContractMismatch"
    assert said in error.message


def decided(repository: SmallRepository, *rows: dict[str, object]) -> VerifyResult:
    """Verify the model with these golden rows."""
    path = repository.folder / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return jobs.verify(repository.workspace(), shop_model(), path)


REQUEST = {"person": person(0), "place": 1, "mood": "good", "basket": 10.0}


def test_golden_rows_that_are_decided_as_known_are_counted(served: SmallRepository) -> None:
    jobs.train(served.workspace(), shop_model())
    known = {"request": REQUEST, "probability": 1.0}
    with pytest.raises(JobError) as caught:
        decided(served, known)
    told = float(caught.value.message.partition("probability ")[2].partition(",")[0])

    result = decided(served, known | {"probability": told})

    assert result.golden_rows == 1
    assert result.service_hash is not None


def test_golden_rows_that_are_decided_otherwise_are_named(served: SmallRepository) -> None:
    jobs.train(served.workspace(), shop_model())
    rows = [{"request": REQUEST, "decision": decision} for decision in ("Approve", "Reject")]

    with pytest.raises(JobError) as caught:
        decided(served, *rows)

    assert caught.value.reason == "GoldenRowsDiffer"
    assert caught.value.message.startswith("1 of 2 golden rows do not match: row ")


def test_a_golden_row_without_features_is_named(served: SmallRepository) -> None:
    jobs.train(served.workspace(), shop_model())

    with pytest.raises(JobError) as caught:
        decided(served, {"request": REQUEST | {"person": "nobody"}, "decision": "Approve"})

    assert "row 1: features are missing: habits NOT_FOUND" in caught.value.message


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"request": REQUEST}, "line 1: expected decision, probability, or both"),
        ({"request": REQUEST, "decision": "Refer"}, "line 1: decision: "),
        ({"request": {"person": person(0)}, "decision": "Approve"}, "'place'"),
    ],
)
def test_a_golden_row_that_cannot_be_scored_is_refused_with_its_line(
    served: SmallRepository, row: dict[str, object], said: str
) -> None:
    jobs.train(served.workspace(), shop_model())

    with pytest.raises(JobError) as caught:
        decided(served, row)

    assert caught.value.reason == "GoldenRowsInvalid"
    assert said in caught.value.message


def test_a_view_that_the_model_does_not_read_is_not_compared_for_it(
    applied: SmallRepository,
) -> None:
    applied.define(DEFINITIONS.replace("[habits, surroundings, thrift]", "[habits, thrift]"))
    jobs.apply(applied.workspace())
    jobs.materialize(applied.workspace(), "habits")
    jobs.train(applied.workspace(), shop_model())

    assert [each.view for each in jobs.verify(applied.workspace(), shop_model()).views] == [
        "habits"
    ]
