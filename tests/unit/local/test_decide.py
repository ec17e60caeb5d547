from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.local import decide
from hotplate.local.errors import LocalError
from hotplate.local.record import ModelRecord, Record, RevisionRecord, ViewRecord

ARTIFACT = "sha256:" + "0" * 64
NOW = datetime(2026, 3, 1, 12, 7, tzinfo=UTC)


def feature_store(**materialization: Any) -> FeatureStore:
    return FeatureStore.model_validate(
        {
            "metadata": {"name": "credit"},
            "spec": {
                "project": "credit",
                "definitions": {"configMap": {"name": "definitions"}},
                "registry": {"embedded": {}},
                "onlineStore": {"embedded": {}},
                "offlineStore": {"file": {}},
                "materialization": materialization,
            },
        }
    )


def model_deployment(
    *, training: bool = True, feature_service: str = "v1", version: str = "latest"
) -> ModelDeployment:
    labels = {"path": "labels.parquet", "target": "defaulted"}
    return ModelDeployment.model_validate(
        {
            "metadata": {"name": "credit"},
            "spec": {
                "featureStoreRef": {"name": "credit"},
                "featureService": feature_service,
                "bento": {"image": "credit", "service": "Credit"},
                "model": {"store": "embedded", "version": version},
            }
            | ({"training": {"labels": labels}} if training else {}),
        }
    )


def applied(feature_store: FeatureStore, revision: str = "sha256:1") -> RevisionRecord:
    return RevisionRecord(
        revision=revision,
        settings=decide.settings_hash(feature_store),
        read_plan="sha256:2",
        plan_hash="sha256:3",
        views=("history",),
    )


def materialized(age: timedelta) -> dict[str, ViewRecord]:
    return {"history": ViewRecord(watermark=NOW - age, rows=1, seconds=1)}


def model(feature_service: str = "v1") -> ModelRecord:
    return ModelRecord(
        version="credit:1",
        artifact="sha256:4",
        contract_hash="sha256:5",
        feature_service=feature_service,
        metrics={"roc_auc": 0.9},
        trained_at=NOW,
    )


def test_definitions_are_applied_once_per_revision() -> None:
    store = feature_store()
    record = Record(applied=applied(store))

    assert decide.is_applied(store, "sha256:1", record)
    assert not decide.is_applied(store, "sha256:changed", record)
    assert not decide.is_applied(store, "sha256:1", Record())


def test_definitions_are_applied_again_to_another_project() -> None:
    store = feature_store()
    other = store.model_copy(update={"spec": store.spec.model_copy(update={"project": "other"})})

    assert not decide.is_applied(other, "sha256:1", Record(applied=applied(store)))


@pytest.mark.parametrize(
    ("age", "due"), [(timedelta(minutes=59), ()), (timedelta(minutes=61), ("history",))]
)
def test_a_view_is_due_when_it_breaks_its_promise_of_freshness(
    age: timedelta, due: tuple[str, ...]
) -> None:
    store = feature_store(schedule="*/5 * * * *", views=[{"name": "history", "maxStaleness": "1h"}])

    assert (
        decide.views_due(store, Record(applied=applied(store), views=materialized(age)), NOW) == due
    )


@pytest.mark.parametrize(
    ("age", "due"), [(timedelta(minutes=6), ()), (timedelta(minutes=8), ("history",))]
)
def test_a_view_without_a_promise_is_due_when_its_schedule_came(
    age: timedelta, due: tuple[str, ...]
) -> None:
    store = feature_store(schedule="*/15 * * * *")

    assert (
        decide.views_due(store, Record(applied=applied(store), views=materialized(age)), NOW) == due
    )


def test_a_view_without_promise_and_schedule_is_materialized_once() -> None:
    store = feature_store()

    old = materialized(timedelta(days=90))
    assert decide.views_due(store, Record(applied=applied(store), views=old), NOW) == ()
    assert decide.views_due(store, Record(applied=applied(store)), NOW) == ("history",)


def test_the_schedule_is_kept_in_its_own_time_zone() -> None:
    store = feature_store(schedule="0 9 * * *", timeZone="Europe/Paris")

    assert decide.next_run(store, NOW) == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert decide.seconds_to_next_run(feature_store(), NOW) is None


def test_a_model_is_trained_when_there_is_none_or_when_asked() -> None:
    assert decide.must_train(model_deployment(), Record(), retrain=False)
    assert not decide.must_train(model_deployment(), Record(model=model()), retrain=False)
    assert decide.must_train(model_deployment(), Record(model=model()), retrain=True)


def test_a_model_of_another_feature_service_is_neither_served_nor_replaced() -> None:
    with pytest.raises(LocalError, match=r"credit:1 was trained on feature service v1.*--retrain"):
        decide.must_train(
            model_deployment(feature_service="v2"), Record(model=model()), retrain=False
        )


def test_a_pinned_model_is_served_and_never_trained() -> None:
    deployment = model_deployment(training=False, version=f"credit:7@{ARTIFACT}")

    assert not decide.must_train(deployment, Record(), retrain=True)
    assert decide.served_model(deployment, Record(model=model())) == ("credit:7", ARTIFACT)


def test_the_trained_model_is_pinned_in_the_place_of_latest() -> None:
    pinned = decide.pinned(model_deployment(), Record(model=model()))

    assert pinned.spec.model.pinned == ("credit:1", "sha256:4")
