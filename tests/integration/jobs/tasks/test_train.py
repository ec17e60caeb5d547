"""A model is trained point in time, judged on later rows, and saved only if it passes."""

from contextlib import closing
from pathlib import Path
from typing import Any

import bentoml
import joblib
import numpy as np
import onnxruntime
import pandas as pd
import pytest
from bentoml._internal.models.model import ModelStore

from hotplate import jobs
from hotplate.jobs import JobError, TrainResult
from hotplate.jobs.repository.applied import open_applied
from hotplate.jobs.repository.repo_config import connection
from hotplate.jobs.training.encoding import model_input
from hotplate.jobs.training.labels import training_table
from hotplate.model.artifact_store import artifact_store, digest_of
from hotplate.model.feature_contract import FeatureContract
from hotplate.online.blocking.reader import SyncOnlineReader
from hotplate.protocol.read_plan import ReadPlan
from support.feast.small_repository import (
    LABELS,
    PERSONS,
    SERVICE,
    SmallRepository,
    person,
    shop_model,
)
from support.jobs.outcomes import refusal


def train(repository: SmallRepository, **training: Any) -> TrainResult:
    return jobs.train(repository.workspace(), shop_model(**training))


def folder(repository: SmallRepository, tag: str) -> Path:
    return Path(
        bentoml.models.get(tag, _model_store=ModelStore(repository.folder / "home/models")).path
    )


def contract(repository: SmallRepository, result: TrainResult) -> FeatureContract:
    return FeatureContract.from_json(
        (folder(repository, result.version) / "contract.json").read_bytes()
    )


def labels(repository: SmallRepository) -> pd.DataFrame:
    return pd.read_parquet(repository.folder / "repo/data/labels.parquet")


def is_whole(repository: SmallRepository, result: TrainResult) -> bool:
    saved = folder(repository, result.version)
    return contract(repository, result).model_hash == digest_of((saved / "model.onnx").read_bytes())


def change_labels(repository: SmallRepository, **columns: Any) -> None:
    labels(repository).assign(**columns).to_parquet(repository.folder / "repo/data/labels.parquet")


def refused(repository: SmallRepository, **training: Any) -> JobError:
    return refusal(lambda: train(repository, **training))


def test_the_model_is_saved_with_contract_metrics_and_estimator(applied: SmallRepository) -> None:
    result = train(applied)
    saved = folder(applied, result.version)
    assert {path.name for path in saved.iterdir()} >= {
        "model.onnx",
        "contract.json",
        "estimator.joblib",
    }
    model = bentoml.models.get(
        result.version, _model_store=ModelStore(applied.folder / "home/models")
    )
    assert model.info.metadata["feature_service"] == SERVICE
    assert model.info.metadata["contract_hash"] == result.contract_hash
    assert model.info.metadata["metrics"] == result.metrics
    assert result.metrics["roc_auc"] > 0.8


def test_the_contract_lists_request_and_served_features_in_order(applied: SmallRepository) -> None:
    found = contract(applied, train(applied))
    assert [(each.name, each.source, each.dtype) for each in found.features] == [
        ("mood", "request", "STRING"),
        ("basket", "request", "DOUBLE"),
        ("visits", "habits", "INT64"),
        ("spent", "habits", "DOUBLE"),
        ("district", "surroundings", "STRING"),
        ("shops", "surroundings", "INT64"),
        ("spent_per_visit", "thrift", "DOUBLE"),
    ]
    assert found.features[0].categories == ("bad", "fair", "good")
    assert found.target == "lost"


def test_features_of_one_name_in_two_views_are_trained_and_served_under_full_names(
    repository: SmallRepository,
) -> None:
    repository.redefine('Field(name="shops"', 'Field(name="visits"')
    places = repository.folder / "repo/data/surroundings.parquet"
    pd.read_parquet(places).rename(columns={"shops": "visits"}).to_parquet(places)
    workspace = repository.workspace(project="Shops2")
    jobs.apply(workspace)
    for view in ("habits", "surroundings"):
        jobs.materialize(workspace, view)
    result = jobs.train(workspace, shop_model())
    assert [(each.name, each.source) for each in contract(repository, result).features][2:] == [
        ("habits__visits", "habits"),
        ("spent", "habits"),
        ("district", "surroundings"),
        ("surroundings__visits", "surroundings"),
        ("spent_per_visit", "thrift"),
    ]
    assert jobs.verify(workspace, shop_model()).service_hash == result.service_hash
    _, plan = open_applied(workspace)
    with closing(SyncOnlineReader(plan, SERVICE, connection(workspace))) as reader:
        (row,) = reader.read([{"person": person(7), "place": 3}], 5.0)
    assert row.values["surroundings__visits"] == 9
    habits = pd.read_parquet(repository.folder / "repo/data/habits.parquet")
    newest = habits[habits["person"] == person(7)].sort_values("event_timestamp").iloc[-1]
    assert row.values["habits__visits"] == newest["visits"]


def test_the_contract_is_bound_to_the_feature_service_of_the_read_plan(
    applied: SmallRepository,
) -> None:
    digest = jobs.apply(applied.workspace()).read_plan
    plan = ReadPlan.from_json(artifact_store(applied.store).get(digest))
    assert contract(applied, train(applied)).service_hash == plan.for_service(SERVICE).hash


def test_the_same_data_gives_the_same_model_and_a_second_run_finds_it(
    applied: SmallRepository,
) -> None:
    first, second = train(applied), train(applied)
    assert (second.version, second.contract_hash) == (first.version, first.contract_hash)
    assert second.artifact == first.artifact


def test_onnx_decides_every_row_as_scikit_learn_does(applied: SmallRepository) -> None:
    result = train(applied)
    saved, found = folder(applied, result.version), contract(applied, result)
    random = np.random.default_rng(3)
    inputs = (random.random((5000, len(found.features))) * 60 - 5).astype(np.float32)
    session = onnxruntime.InferenceSession(str(saved / "model.onnx"))
    (output,) = session.run(["probabilities"], {"features": inputs})
    expected = joblib.load(saved / "estimator.joblib").predict_proba(inputs)[:, 1]
    assert ((output[:, 1] >= found.threshold) == (expected >= found.threshold)).all()
    assert np.abs(output[:, 1] - expected).max() < 1e-6


def test_features_are_those_at_the_label_s_time_not_those_of_today(
    applied: SmallRepository,
) -> None:
    """The newest habits were drawn anew, so only those of a month ago tell the outcome."""
    assert train(applied).metrics["roc_auc"] > 0.8
    path = applied.folder / "repo/data/habits.parquet"
    habits = pd.read_parquet(path)
    habits.iloc[2 * PERSONS :].to_parquet(path)
    assert refused(applied).reason == "NoTrainingRows"


def test_rows_that_lack_a_feature_are_left_out_and_counted(applied: SmallRepository) -> None:
    who = labels(applied)["person"].to_numpy().copy()
    who[:100] = "nobody"
    change_labels(applied, person=who)
    result = train(applied)
    assert result.metrics["rows_left_out"] == 100
    assert result.rows == LABELS - 100


def test_the_model_is_judged_on_later_rows_than_it_was_grown_on(applied: SmallRepository) -> None:
    metrics = train(applied).metrics
    assert (metrics["rows_train"], metrics["rows_validation"], metrics["rows_holdout"]) == (
        768,
        192,
        240,
    )
    outcomes = labels(applied)["lost"].to_numpy()[-240:]
    assert metrics["positive_rate"] == pytest.approx(outcomes.mean(), abs=1e-6)


def test_a_category_that_training_never_saw_has_a_code_of_its_own(applied: SmallRepository) -> None:
    mood = labels(applied)["mood"].to_numpy().copy()
    mood[-10:] = "ecstatic"
    change_labels(applied, mood=mood)
    found = contract(applied, train(applied))
    row = {"basket": 1.0, "visits": 1, "spent": 1.0, "shops": 1, "spent_per_visit": 1.0}
    unknown = {**row, "mood": "ecstatic", "district": "district 1"}
    assert model_input(found, pd.DataFrame([unknown]))[0].tolist()[:2] == [-1.0, 1.0]


def test_excluded_columns_keys_and_times_are_never_shown(applied: SmallRepository) -> None:
    result = train(
        applied,
        labels={
            "path": "data/labels.parquet",
            "target": "lost",
            "exclude": ["label_id", "basket", "spent"],
        },
    )
    names = {each.name for each in contract(applied, result).features}
    assert names == {"mood", "visits", "district", "shops", "spent_per_visit"}


def test_a_model_below_the_gate_is_refused_with_its_figures_and_not_saved(
    applied: SmallRepository,
) -> None:
    error = refused(
        applied,
        gate=[{"metric": "roc_auc", "minimum": 0.999}, {"metric": "recall", "minimum": 0.1}],
    )
    assert error.reason == "GateFailed"
    assert "roc_auc is 0." in error.message
    assert "the minimum is 0.999" in error.message
    assert "recall is" not in error.message
    assert list((applied.folder / "home").rglob("model.onnx")) == []


def test_a_saved_model_that_was_corrupted_is_replaced_by_the_next_training(
    applied: SmallRepository,
) -> None:
    first = train(applied)
    (folder(applied, first.version) / "model.onnx").write_bytes(b"corrupt")
    second = train(applied)
    assert second.contract_hash == first.contract_hash
    assert is_whole(applied, second)


def test_what_a_killed_training_left_is_replaced_by_the_next(applied: SmallRepository) -> None:
    first = train(applied)
    (folder(applied, first.version) / "contract.json").unlink()
    (folder(applied, first.version) / "model.yaml").unlink()
    assert is_whole(applied, train(applied))


def test_the_artifact_is_the_model_as_bentoml_imports_it(
    applied: SmallRepository, tmp_path: Path
) -> None:
    result = train(applied)
    path = tmp_path / "model.bentomodel"
    path.write_bytes(artifact_store(applied.store).get(result.artifact))
    elsewhere = ModelStore(tmp_path)
    imported = bentoml.models.import_model(str(path), _model_store=elsewhere)
    assert str(imported.tag) == result.version


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"lost": 1}, "expected 0 and 1, both of them"),
        ({"lost": [None, *([0, 1] * LABELS)][:LABELS]}, "and missing ones"),
        ({"lost": ([0, 1, 2] * LABELS)[:LABELS]}, "has the values 0, 1, 2"),
        ({"visits": 3}, "the feature service both have visits"),
        ({"event_timestamp": "someday"}, "column event_timestamp has values that are no times"),
        ({"event_timestamp": None}, "1200 of 1200 labels have no time (event_timestamp), first"),
        ({"lost": [1] * 960 + [0] * 240}, "lack one of the two outcomes"),
    ],
)
def test_labels_that_cannot_be_learnt_from_are_refused(
    applied: SmallRepository, columns: dict[str, Any], said: str
) -> None:
    change_labels(applied, **columns)
    error = refused(applied)
    assert error.reason == "LabelsInvalid"
    assert said in error.message


@pytest.mark.parametrize("missing", ["lost", "event_timestamp", "person"])
def test_labels_without_outcome_time_or_join_key_are_refused(
    applied: SmallRepository, missing: str
) -> None:
    labels(applied).drop(columns=missing).to_parquet(applied.folder / "repo/data/labels.parquet")
    assert f"lacks {missing}" in refused(applied).message


def test_labels_that_are_not_there_are_refused_with_their_path(applied: SmallRepository) -> None:
    error = refused(applied, labels={"path": "data/nothing.parquet", "target": "lost"})
    assert error.reason == "LabelsInvalid"
    assert "repo/data/nothing.parquet" in error.message


def test_a_column_that_no_tree_can_take_is_named(applied: SmallRepository) -> None:
    change_labels(applied, tags=[["a"]] * LABELS)
    assert "a decision tree cannot take tags" in refused(applied).message


def test_a_feature_service_that_is_not_there_is_refused_with_those_that_are(
    applied: SmallRepository,
) -> None:
    model = shop_model()
    other = model.model_copy(
        update={"spec": model.spec.model_copy(update={"feature_service": "other"})}
    )
    with pytest.raises(JobError) as caught:
        jobs.train(applied.workspace(), other)
    assert caught.value.reason == "FeatureServiceUnknown"
    assert SERVICE in caught.value.message


def test_labels_of_one_moment_are_all_trained_on(applied: SmallRepository) -> None:
    moments = labels(applied)["event_timestamp"].dt.floor("D") + pd.Timedelta(days=1)
    change_labels(applied, event_timestamp=moments.clip(upper=pd.Timestamp.now("UTC")))
    assert train(applied).rows == LABELS


def test_labels_in_any_order_give_the_same_model(applied: SmallRepository) -> None:
    first = train(applied)
    shuffled = labels(applied).sample(frac=1, random_state=1)
    shuffled.to_parquet(applied.folder / "repo/data/labels.parquet")
    assert train(applied).contract_hash == first.contract_hash


def test_of_rows_of_one_event_time_the_one_created_last_is_trained_on_and_verified(
    repository: SmallRepository,
) -> None:
    path = repository.folder / "repo/data/surroundings.parquet"
    copies = pd.concat(pd.read_parquet(path).assign(shops=1000 + n, made=n) for n in range(6))
    copies["made"] = pd.to_datetime(copies["made"].where(copies["made"] < 5), unit="s", utc=True)
    copies.sample(frac=1, random_state=5).to_parquet(path)
    places = 'path="data/surroundings.parquet", timestamp_field="event_timestamp"'
    repository.redefine(places, f'{places}, created_timestamp_column="made"')
    jobs.apply(repository.workspace())
    for view in ("habits", "surroundings"):
        jobs.materialize(repository.workspace(), view)
    assert {view.sampled for view in jobs.verify(repository.workspace()).views} == {200, 20}
    table = trained_on(repository)
    assert set(table["shops"]) == {1004}


def test_labels_whose_join_keys_are_text_are_trained_on(applied: SmallRepository) -> None:
    before = trained_on(applied)
    change_labels(applied, place=labels(applied)["place"].map(lambda place: f"0{place}"))
    pd.testing.assert_frame_equal(
        trained_on(applied).drop(columns="place"), before.drop(columns="place")
    )


def trained_on(repository: SmallRepository) -> pd.DataFrame:
    """Return the rows of the training table."""
    store, plan = open_applied(repository.workspace())
    asked = shop_model().spec.training
    assert asked is not None
    return training_table(repository.workspace(), store, plan, asked.labels, SERVICE).rows
