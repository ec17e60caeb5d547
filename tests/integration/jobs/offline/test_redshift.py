"""The jobs on Redshift: the same features and the same training set as from parquet files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import RedshiftSource
from feast.infra.offline_stores.redshift import _redshift_execute_fetch_rows

from hotplate import jobs
from hotplate.jobs.offline.history import Asked, history
from hotplate.jobs.offline.pull import find_view
from hotplate.jobs.repository.read_plan import view_plan
from hotplate.jobs.repository.session import connected
from parity.redshift_parity import differences
from support.aws.cloud import BUCKET, Cloud
from support.aws.redshift import PROVISIONED, in_redshift, labelled_by
from support.feast.small_repository import SmallRepository

ALL_LABELS = "SELECT * FROM labels"


def test_definitions_on_redshift_are_applied_and_materialized(
    shops: SmallRepository, cloud: Cloud
) -> None:
    workspace = shops.workspace(**in_redshift())
    assert jobs.apply(workspace).views == ("habits", "surroundings")
    assert jobs.materialize(workspace, "habits").rows == 300
    assert jobs.materialize(workspace, "surroundings").rows == 20
    assert [view.sampled for view in jobs.verify(workspace).views] == [200, 20]
    assert cloud.objects() == []


def test_a_window_without_rows_is_materialized(shops: SmallRepository) -> None:
    workspace = shops.workspace(**in_redshift())
    jobs.apply(workspace)
    jobs.materialize(workspace, "habits")
    without = shops.workspace(**in_redshift(), materialization={"overlap": "1ms"})
    result = jobs.materialize(without, "habits")
    assert (result.rows, result.rows_in_source, result.newest_event_time) == (0, 900, None)


def test_a_cluster_is_logged_in_to_as_its_user(shops: SmallRepository) -> None:
    assert jobs.plan(shops.workspace(**in_redshift(**PROVISIONED))).create == 6


@pytest.mark.parametrize("target", [{}, PROVISIONED | {"user": None}])
def test_a_secret_logs_in_to_workgroup_and_cluster(
    shops: SmallRepository, secret: str, target: dict[str, Any]
) -> None:
    workspace = shops.workspace(**in_redshift(secretArn=secret, **target))
    jobs.apply(workspace)
    assert jobs.materialize(workspace, "surroundings").rows == 20


def test_labels_by_query_from_s3_or_from_a_file_train_the_same_model(
    shops: SmallRepository, cloud: Cloud
) -> None:
    workspace = shops.workspace(**in_redshift())
    jobs.apply(workspace)
    file = shops.folder / "repo/data/labels.parquet"
    cloud.client("s3").upload_file(str(file), BUCKET, "labels.parquet")
    trained = [
        jobs.train(workspace, labelled_by(**labels))
        for labels in (
            {"path": "data/labels.parquet"},
            {"path": f"s3://{BUCKET}/labels.parquet"},
            {"query": ALL_LABELS},
        )
    ]
    assert trained[0].rows == 1200
    assert trained[0].contract_hash == trained[1].contract_hash == trained[2].contract_hash
    assert trained[0].metrics == trained[1].metrics == trained[2].metrics


def test_feast_itself_takes_a_query_as_entity_list(shops: SmallRepository) -> None:
    workspace = shops.workspace(**in_redshift())
    jobs.apply(workspace)
    store = connected(workspace)
    features = ["habits:visits", "surroundings:shops"]
    query = "SELECT person, place, label_id, event_timestamp FROM labels"
    by_query = store.get_historical_features(query, features).to_df()
    rows = pd.read_parquet(shops.folder / "repo/data/labels.parquet")
    rows = rows[["person", "place", "label_id", "event_timestamp"]]
    by_rows = store.get_historical_features(rows, features).to_df()
    pd.testing.assert_frame_equal(
        by_query.sort_values("label_id", ignore_index=True),
        by_rows.sort_values("label_id", ignore_index=True),
    )


def test_clients_wait_for_a_statement_as_on_aws(
    shops: SmallRepository, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = shops.workspace(**in_redshift())
    jobs.apply(workspace)
    monkeypatch.setattr(cloud.redshift, "patience", 0)
    assert jobs.materialize(workspace, "habits").rows == 300


def test_results_and_tables_of_many_pages_are_read_whole(
    shops: SmallRepository, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.redshift, "page", 1)
    workspace = shops.workspace(**in_redshift())
    assert jobs.apply(workspace).create == 6
    assert jobs.train(workspace, labelled_by(query=ALL_LABELS)).rows == 1200
    config = connected(workspace).config
    source = RedshiftSource(table="habits", schema="public", timestamp_field="event_timestamp")
    columns = [name for name, _ in source.get_table_column_names_and_types(config)]
    assert columns == [column.name for column in cloud.warehouse.columns("public", "habits")]
    rows = _redshift_execute_fetch_rows(config, "SELECT label_id FROM labels WHERE label_id < 5")
    assert [row[0]["longValue"] for row in rows] == [0, 1, 2, 3, 4]


def test_no_table_and_no_object_is_left_behind(shops: SmallRepository, cloud: Cloud) -> None:
    workspace = shops.workspace(**in_redshift())
    jobs.apply(workspace)
    jobs.train(workspace, labelled_by(query=ALL_LABELS))
    assert cloud.warehouse.tables() == {"habits", "surroundings", "labels"}
    assert cloud.objects() == []


def test_the_example_is_the_same_from_redshift_as_from_files(
    cloud: Cloud, store: str, tmp_path: Path
) -> None:
    found = differences(cloud, store, tmp_path, 2000)
    assert len(found) == 3
    assert set(found.values()) == {0}


def test_a_null_creation_time_is_the_earliest_when_rows_are_written_and_trained_on(
    shops: SmallRepository, cloud: Cloud
) -> None:
    rows = pq.read_table(shops.folder / "repo/data/surroundings.parquet").to_pandas()
    copies = pd.concat(rows.assign(shops=1000 + n, made=n) for n in range(3))
    copies["made"] = pd.to_datetime(copies["made"].where(copies["made"] < 2), unit="s", utc=True)
    cloud.warehouse.create("copied", pa.Table.from_pandas(copies, preserve_index=False))
    text = (shops.folder / "repo/definitions.py").read_text()
    made = 'table="copied", created_timestamp_column="made"'
    shops.define(text.replace('table="surroundings"', made))
    workspace = shops.workspace(**in_redshift())
    jobs.apply(workspace)
    for view in ("habits", "surroundings"):
        jobs.materialize(workspace, view)
    assert [view.sampled for view in jobs.verify(workspace).views] == [200, 20]
    store = connected(workspace)
    view = view_plan(find_view(store, "surroundings"))
    now = np.array([int(datetime.now(UTC).timestamp() * 1e6)] * 2)
    found = history(store, view, Asked({"place": [3, 999]}, now))
    assert found == {"district": ["district 3", None], "shops": [1001, None]}
