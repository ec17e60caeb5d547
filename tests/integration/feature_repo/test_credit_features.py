"""Plain Feast applies the repository, fills a store from it and joins it point in time."""

import importlib
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from feast import FeatureStore, FileSource, RedshiftSource

from support import ROOT

REPOSITORY = ROOT / "feature_repo"
DEBTS = ["credit_card_due", "mortgage_due", "student_loan_due", "vehicle_loan_due"]
PERSON = {"zipcode": 76104, "dob_ssn": "19630621_4278"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("feast") / "feature_repo"
    shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns("data", "__pycache__"))
    feast = Path(sys.executable).with_name("feast")
    subprocess.run([feast, "-c", folder, "apply"], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def store(repository: Path) -> FeatureStore:
    store = FeatureStore(repo_path=str(repository))
    store.materialize_incremental(datetime.now(UTC))
    return store


@pytest.fixture(scope="module")
def loans(repository: Path) -> pd.DataFrame:
    return pd.read_parquet(repository / "data/loans.parquet")


def definitions() -> Any:
    for module in ("credit_sources", "credit_features"):
        sys.modules.pop(module, None)
    return importlib.import_module("credit_features")


def test_the_blogs_applicant_has_every_feature_online(store: FeatureStore) -> None:
    service = store.get_feature_service("credit_scoring_v1")
    row = store.get_online_features(service, [PERSON]).to_dict()
    assert row["city"] == ["FORT WORTH"]
    assert all(value != [None] for value in row.values())
    assert row["total_debt_due"][0] == sum(row[debt][0] for debt in DEBTS)


def test_an_unknown_person_has_no_total_debt(store: FeatureStore) -> None:
    row = store.get_online_features(
        store.get_feature_service("credit_scoring_v1"), [PERSON | {"dob_ssn": "nobody"}]
    ).to_dict()
    assert row["total_debt_due"] == [None]


def test_every_loan_is_joined_with_what_was_known_at_its_time(
    store: FeatureStore, loans: pd.DataFrame, repository: Path
) -> None:
    sample = loans[["loan_id", "zipcode", "dob_ssn", "event_timestamp"]][::100]
    service = store.get_feature_service("credit_scoring_v1")
    features = store.get_historical_features(sample, service).to_df().set_index("loan_id")
    history = pd.read_parquet(repository / "data/credit_history.parquet")
    known = pd.merge_asof(
        sample.sort_values("event_timestamp"),
        history.sort_values("event_timestamp"),
        on="event_timestamp",
        by="dob_ssn",
    ).set_index("loan_id")
    assert len(features) == len(sample)
    names = [*DEBTS, "hard_pulls", "missed_payments_2y", "bankruptcies"]
    pd.testing.assert_frame_equal(features[names].sort_index(), known[names].sort_index())
    assert (features.total_debt_due == features[DEBTS].sum(axis=1)).all()
    assert features.city.notna().all()


def test_online_features_are_the_latest_historical_ones(
    store: FeatureStore, loans: pd.DataFrame
) -> None:
    # Without the on-demand view: Feast 0.67 computes a singleton function for one row only.
    names = ["city", "total_wages", *DEBTS, "missed_payments_6m"]
    views = dict.fromkeys(names[:2], "zipcode_features")
    features = [f"{views.get(name, 'credit_history')}:{name}" for name in names]
    rows = loans[["zipcode", "dob_ssn"]][:50]
    now = rows.assign(event_timestamp=pd.Timestamp.now("UTC"))
    order = ["dob_ssn", "zipcode"]
    offline = store.get_historical_features(now, features).to_df().sort_values(order)
    online = store.get_online_features(features, rows.to_dict("records")).to_df()
    pd.testing.assert_frame_equal(
        online.sort_values(order)[names].reset_index(drop=True),
        offline[names].reset_index(drop=True),
    )


@pytest.mark.usefixtures("store")
def test_one_setting_takes_the_same_features_from_redshift(monkeypatch: pytest.MonkeyPatch) -> None:
    from_files = definitions()
    monkeypatch.setenv("CREDIT_SCORING_SOURCES", "redshift")
    from_redshift = definitions()
    assert isinstance(from_files.credit_history.batch_source, FileSource)
    assert isinstance(from_redshift.credit_history.batch_source, RedshiftSource)
    assert from_redshift.credit_history.batch_source.table == "credit_history"
    assert from_redshift.credit_history.schema == from_files.credit_history.schema
    assert from_redshift.zipcode_features.ttl == from_files.zipcode_features.ttl


def test_a_source_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_SCORING_SOURCES", "snowflake")
    expected = "CREDIT_SCORING_SOURCES: snowflake: expected file or redshift"
    with pytest.raises(ValueError, match=expected):
        definitions()
