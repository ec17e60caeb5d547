"""The credit scoring example from Redshift against the same from parquet files.

Both sides run Feast: the point-in-time features of the loans, and the latest row of each entity,
which materialization writes.

    PYTHONPATH=tests python -m parity.redshift_parity [--rows N]
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd
import pyarrow.parquet as pq

from hotplate import jobs
from hotplate.api.v1alpha1.training import Labels
from hotplate.jobs.offline.pull import find_view, pull_latest
from hotplate.jobs.repository.applied import open_applied
from hotplate.jobs.training.labels import training_table
from support import ROOT
from support.api.resources import feature_store
from support.aws.cloud import Cloud
from support.aws.redshift import in_redshift
from support.valkey.server import valkey_server

VIEWS = ("credit_history", "zipcode_features")
SERVICE = "credit_scoring_v1"
EXCLUDED = ("loan_id", "created_timestamp")


def differences(cloud: Cloud, valkey: str, folder: Path, rows: int | None) -> dict[str, int]:
    """Return the values that differ of each table, by its name and how many values it has."""
    definitions = Path(shutil.copytree(ROOT / "feature_repo", folder / "repo"))
    end = datetime.now(UTC)
    files = _tables(jobs.Workspace(feature_store(), definitions, valkey), end, rows, cloud)
    with mock.patch.dict(os.environ, {"CREDIT_SCORING_SOURCES": "redshift"}):
        spec = in_redshift() | {"project": "credit_scoring_redshift"}
        workspace = jobs.Workspace(feature_store(**spec), definitions, valkey)
        redshift = _tables(workspace, end, rows, cloud)
    return {
        f"{name} ({files[name].size:,} values)": _different(files[name], redshift[name])
        for name in files
    }


def _tables(
    workspace: jobs.Workspace, end: datetime, rows: int | None, cloud: Cloud
) -> dict[str, pd.DataFrame]:
    """Return the latest rows of each view, and the training table."""
    jobs.apply(workspace)
    store, plan = open_applied(workspace)
    data = workspace.definitions / "data"
    for name in ("zipcodes", "credit_history", "loans"):
        cloud.warehouse.create(name, pq.read_table(data / f"{name}.parquet"))
    tables = {name: _latest(store, name, end) for name in VIEWS}
    labels = Labels(**_labels(workspace, rows), target="loan_status", exclude=EXCLUDED)
    trained = training_table(workspace, store, plan, labels, SERVICE).rows
    return tables | {"training set": trained.set_index("loan_id")}


def _labels(workspace: jobs.Workspace, rows: int | None) -> dict[str, str]:
    """Return where the loans are: a file, or a query of Redshift; the first of them by number."""
    loans = pq.read_table(workspace.definitions / "data/loans.parquet").sort_by("loan_id")
    last = loans["loan_id"][min(rows or len(loans), len(loans)) - 1].as_py()
    if workspace.feature_store.spec.offline_store.redshift is not None:
        return {"query": f"SELECT * FROM loans WHERE loan_id <= {last}"}
    path = workspace.definitions / "data/some_loans.parquet"
    frame = loans.to_pandas()
    frame[frame["loan_id"] <= last].to_parquet(path)
    return {"path": str(path)}


def _latest(store: Any, name: str, end: datetime) -> pd.DataFrame:
    view = find_view(store, name)
    rows = pull_latest(store, view, end - timedelta(days=3650), end).to_pandas()
    keys, features = list(view.join_keys), [feature.name for feature in view.features]
    return rows.set_index(keys)[[*features, view.batch_source.timestamp_field]]


def _different(one: pd.DataFrame, other: pd.DataFrame) -> int:
    """Return how many values differ; a row or column that one side lacks counts whole."""
    if set(one.columns) != set(other.columns) or set(one.index) != set(other.index):
        return max(one.size, other.size)
    aligned = other.loc[one.index, one.columns]
    return int(sum(_differing(one[name], aligned[name]) for name in one.columns))


def _differing(one: "pd.Series[Any]", other: "pd.Series[Any]") -> int:
    if pd.api.types.is_datetime64_any_dtype(one):
        one, other = pd.to_datetime(one, utc=True), pd.to_datetime(other, utc=True)
    return int(((one != other) & ~(one.isna() & other.isna())).sum())


@contextmanager
def _world() -> Iterator[tuple[Cloud, str, Path]]:
    with tempfile.TemporaryDirectory() as folder, valkey_server(data_dir=folder) as valkey:
        cloud = Cloud()
        try:
            with mock.patch.dict(os.environ, cloud.environment):
                yield cloud, f"redis://127.0.0.1:{valkey.port}", Path(folder)
        finally:
            cloud.close()


def main() -> None:
    """Compare, print what differs, and exit with 1 when anything does."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, help="the first so many loans; by default all")
    arguments = parser.parse_args()
    with _world() as (cloud, valkey, folder):
        found = differences(cloud, valkey, folder, arguments.rows)
    for name, count in found.items():
        print(f"{name}: {count:,} differ")
    sys.exit(any(found.values()))


if __name__ == "__main__":
    main()
