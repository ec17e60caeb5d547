"""Rows read from parquet files batch by batch are those that Feast's own offline store pulls."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast.utils import _run_pyarrow_field_mapping

from hotplate import jobs
from hotplate.api import FeatureStore, load_manifests
from hotplate.jobs import JobError, Workspace
from hotplate.jobs.offline import files
from hotplate.jobs.offline.pull import find_view, latest_rows, pull_job
from hotplate.jobs.repository.read_plan import view_plan
from hotplate.jobs.repository.session import connected
from hotplate.online.write.frames import Frames, WriteOptions
from support import ROOT
from support.aws.cloud import BUCKET, Cloud
from support.feast.small_repository import SmallRepository

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
START, END = NOW - timedelta(hours=10), NOW
ROWS = 3_000

DEFINITIONS = """
from datetime import timedelta
from feast import Entity, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Bool, Float32, Float64, Int32, Int64, String, UnixTimestamp

shop = Entity(name="shop", join_keys=["shop"], value_type=ValueType.STRING)
till = Entity(name="till", join_keys=["till"], value_type=ValueType.INT64)
sales = FeatureView(
    name="sales",
    entities=[shop, till],
    ttl=timedelta(days=60),
    schema=[
        Field(name="shop", dtype=String), Field(name="till", dtype=Int64),
        Field(name="count", dtype=Int64), Field(name="small", dtype=Int32),
        Field(name="total", dtype=Float64), Field(name="rate", dtype=Float32),
        Field(name="clerk", dtype=String), Field(name="open", dtype=Bool),
        Field(name="paid", dtype=UnixTimestamp), Field(name="parts", dtype=Array(Int64)),
    ],
    source=FileSource(name="sales", path="data/sales", timestamp_field="at", MORE),
)
"""


def compared(store: Any, name: str, start: datetime, end: datetime) -> tuple[list[Any], list[Any]]:
    """Return what would be written, by our own pull and by Feast's, in the order of the keys."""
    view = find_view(store, name)
    rows = latest_rows(store, view, start, end)
    ours = pa.Table.from_batches([*rows.batches], schema=rows.schema)
    assert ours.num_rows == rows.count
    pulled = pull_job(store, view, start, end).to_arrow()
    feast = _run_pyarrow_field_mapping(pulled, view.batch_source.field_mapping or {})
    return written(view, ours), written(view, feast)


def written(view: Any, table: pa.Table) -> list[Any]:
    options = WriteOptions(view.batch_source.timestamp_field, skip_dedup=True)
    frames = Frames(view_plan(view), "shops", options)
    (batch,) = table.combine_chunks().to_batches() or [None]
    return sorted(frames.of(batch)) if batch is not None else []


def sales(kind: str, seed: int) -> pd.DataFrame:
    """Return rows whose event times differ, some of them the ends of the window or beyond."""
    chance = np.random.default_rng(seed)
    seconds = chance.permutation(15 * 3600)[:ROWS] - 2 * 3600
    seconds[:2] = 0, 10 * 3600
    at = pd.Series(pd.to_datetime(END) - pd.to_timedelta(seconds, unit="s"))
    at[3:9] += pd.to_timedelta([1, -1, 1, -1, 1, -1], unit="us")
    frame = pd.DataFrame(
        {
            "shop": chance.choice(["", "Zürich", "Bern", "Thun", "Köniz"], ROWS),
            "till": chance.integers(-3, 40, ROWS),
            "at": at,
            "made": at + pd.to_timedelta(chance.integers(0, 9, ROWS), unit="s"),
            "count": chance.integers(-(2**40), 2**40, ROWS),
            "small": chance.integers(-(2**31), 2**31, ROWS).astype("int32"),
            "total": chance.normal(size=ROWS),
            "rate": chance.normal(size=ROWS).astype("float32"),
            "clerk": chance.choice(["Zo", "", "Ida Ö", None], ROWS),
            "open": chance.choice([True, False], ROWS),
            "paid": at - pd.to_timedelta(chance.integers(0, 9**6, ROWS), unit="s"),
            "parts": [list(range(n)) for n in chance.integers(1, 4, ROWS)],
        }
    )
    return KINDS[kind](frame)


def with_nulls(frame: pd.DataFrame) -> pd.DataFrame:
    for name in ("count", "total", "rate", "paid", "open", "parts"):
        frame[name] = frame[name].astype(object).where(frame.index % 7 != len(name), None)
    frame["total"] = frame["total"].astype(float)
    frame["at"] = frame["at"].where(frame.index % 11 != 5)
    return frame


def without_zone(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        at=frame["at"].dt.tz_localize(None), made=frame["made"].dt.tz_localize(None)
    )


def in_zurich(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(at=frame["at"].dt.tz_convert("Europe/Zurich"))


def in_nanoseconds(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(at=frame["at"].dt.as_unit("ns") + pd.to_timedelta(1, unit="ns"))


def in_seconds(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(at=frame["at"].dt.floor("s").dt.as_unit("s")).drop(index=range(3, 9))


def as_categories(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(clerk=frame["clerk"].astype("category"))


def of_another_time(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(at=frame["at"] - pd.Timedelta(days=30))


def on_both_sides(frame: pd.DataFrame) -> pd.DataFrame:
    """Put rows before and after the window into each row group, and none inside."""
    away = pd.to_timedelta(np.where(frame.index % 2, 900, -900), unit="D")
    return frame.assign(at=frame["at"] + away)


def renamed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.rename(columns={"count": "cnt", "at": "happened", "till": "till_no"})


KINDS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "plain": lambda frame: frame,
    "nulls": with_nulls,
    "no time zone": without_zone,
    "another time zone": in_zurich,
    "nanoseconds": in_nanoseconds,
    "seconds": in_seconds,
    "categories": as_categories,
    "nothing in the window": of_another_time,
    "nothing in it, but around it": on_both_sides,
    "renamed": renamed,
}


def written_as(frame: pd.DataFrame, folder: Path, files: int) -> None:
    """Write the rows as so many files, each of several row groups."""
    folder.mkdir(parents=True)
    for number, part in enumerate(np.array_split(np.arange(len(frame)), files)):
        table = pa.Table.from_pandas(frame.iloc[part], preserve_index=False)
        pq.write_table(table, folder / f"part-{number}.parquet", row_group_size=700)


def with_sales(
    repository: SmallRepository, kind: str, more: str = 'created_timestamp_column="made"'
) -> Any:
    """Return Feast's store of the view of sales."""
    if kind == "renamed":
        more += ', field_mapping={"cnt": "count", "happened": "at", "till_no": "till"}'
    repository.define(DEFINITIONS.replace("MORE", more))
    jobs.apply(repository.workspace())
    return connected(repository.workspace())


@pytest.mark.parametrize("files", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_the_rows_are_those_that_feast_pulls(
    repository: SmallRepository, kind: str, files: int
) -> None:
    written_as(sales(kind, seed=files), repository.folder / "repo" / "data" / "sales", files)
    ours, feast = compared(with_sales(repository, kind), "sales", START, END)
    assert bool(ours) == (not kind.startswith("nothing"))
    assert ours == feast


def test_of_rows_of_one_event_time_the_one_created_last_wins(repository: SmallRepository) -> None:
    frame = sales("plain", seed=5)
    frame["at"] = pd.Timestamp(END)
    chance = np.random.default_rng(5)
    frame["made"] = pd.Timestamp(END) + pd.to_timedelta(chance.permutation(ROWS), unit="s")
    written_as(frame, repository.folder / "repo" / "data" / "sales", 2)
    store = with_sales(repository, "plain")
    rows = latest_rows(store, find_view(store, "sales"), START, END)
    found = pd.concat(batch.to_pandas() for batch in rows.batches)
    newest = frame.sort_values("made").drop_duplicates(["shop", "till"], keep="last")
    keys = ["shop", "till", "count"]
    assert sorted(found[keys].values.tolist()) == sorted(newest[keys].values.tolist())


def test_integers_beside_a_null_keep_all_their_digits(repository: SmallRepository) -> None:
    frame = sales("plain", seed=6).assign(count=2**62 + 1)
    frame["count"] = frame["count"].astype("Int64").where(frame.index % 2 == 0)
    written_as(frame, repository.folder / "repo" / "data" / "sales", 1)
    store = with_sales(repository, "plain")
    rows = latest_rows(store, find_view(store, "sales"), START, END)
    counts = {n for batch in rows.batches for n in batch.column("count").to_pylist()}
    assert counts == {2**62 + 1, None}


def test_files_that_change_while_they_are_read_are_told(repository: SmallRepository) -> None:
    folder = repository.folder / "repo" / "data" / "sales"
    written_as(sales("plain", seed=7), folder, 1)
    store = with_sales(repository, "plain")
    rows = latest_rows(store, find_view(store, "sales"), START, END)
    shutil.rmtree(folder)
    written_as(sales("plain", seed=8), folder, 1)
    with pytest.raises(JobError, match=r"feature view sales, data source sales.*run the Job again"):
        list(rows.batches)


@pytest.mark.parametrize(
    ("gone", "message"), [("till", "till"), ("clerk", "clerk"), ("at", "at"), (None, "data/sales")]
)
def test_what_is_not_there_is_named(
    repository: SmallRepository, gone: str | None, message: str
) -> None:
    folder = repository.folder / "repo" / "data" / "sales"
    written_as(sales("plain", seed=9), folder, 1)
    store = with_sales(repository, "plain")
    shutil.rmtree(folder)
    if gone:
        written_as(sales("plain", seed=9).drop(columns=gone), folder, 1)
    with pytest.raises(JobError, match=f"OfflineStoreFailed: feature view sales.*{message}"):
        list(latest_rows(store, find_view(store, "sales"), START, END).batches)


def as_floats(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what pandas writes on a day on which values are missing."""
    some = frame.index % 7 == 3
    return frame.assign(
        count=frame["count"].astype(float).mask(some), small=frame["small"].astype(float)
    )


DAYS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "floats": as_floats,
    "nothing but nulls": lambda frame: frame.assign(clerk=None, count=None),
    "a column more": lambda frame: frame.assign(more="x"),
    "small integers": lambda frame: frame.assign(count=frame["small"]),
}


@pytest.mark.parametrize("path", ["data/sales", "data/sales/*.parquet"])
@pytest.mark.parametrize("day", DAYS)
def test_days_of_other_types_are_read_as_feast_reads_them(
    repository: SmallRepository, day: str, path: str
) -> None:
    folder, frame = repository.folder / "repo" / "data" / "sales", sales("plain", seed=12)
    frame["count"] %= 2**52
    parts = np.array_split(np.arange(ROWS), 3)
    folder.mkdir(parents=True)
    for number, part in enumerate(parts):
        change = DAYS[day] if number == int(day != "nothing but nulls") else lambda same: same
        change(frame.iloc[part]).to_parquet(folder / f"part-{number}.parquet")
    repository.define(DEFINITIONS.replace("data/sales", path).replace("MORE", ""))
    jobs.apply(repository.workspace())
    ours, feast = compared(connected(repository.workspace()), "sales", START, END)
    assert ours
    assert ours == feast


def test_a_feature_that_some_files_lack_is_null_there_and_a_key_is_refused(
    repository: SmallRepository,
) -> None:
    folder = repository.folder / "repo" / "data" / "sales"
    written_as(sales("plain", seed=13), folder, 2)
    store = with_sales(repository, "plain")
    first = folder / "part-0.parquet"
    pd.read_parquet(first).drop(columns="clerk").to_parquet(first)
    rows = latest_rows(store, find_view(store, "sales"), START, END)
    clerks = [who for batch in rows.batches for who in batch.column("clerk").to_pylist()]
    assert None in clerks
    assert "Zo" in clerks
    pd.read_parquet(first).drop(columns="till").to_parquet(first)
    with pytest.raises(JobError, match=r"sales/part-0.parquet has no column till: write it"):
        latest_rows(store, find_view(store, "sales"), START, END)


def test_files_in_s3_are_read_as_feast_reads_them(
    repository: SmallRepository, cloud: Cloud
) -> None:
    folder = repository.folder / "repo" / "data" / "sales"
    written_as(sales("plain", seed=11), folder, 2)
    for file in folder.iterdir():
        cloud.client("s3").upload_file(str(file), BUCKET, f"sales/{file.name}")
    endpoint = cloud.environment["AWS_ENDPOINT_URL"]
    place = f's3_endpoint_override="{endpoint}"'
    repository.define(
        DEFINITIONS.replace("data/sales", f"s3://{BUCKET}/sales").replace("MORE", place)
    )
    jobs.apply(repository.workspace())
    ours, feast = compared(connected(repository.workspace()), "sales", START, END)
    assert ours
    assert ours == feast


def test_the_folders_of_partitions_are_read_as_feast_reads_them(
    repository: SmallRepository,
) -> None:
    folder = repository.folder / "repo" / "data" / "sales"
    frame = sales("plain", seed=10).assign(day="2026-11-20")
    frame.to_parquet(folder, partition_cols=["day"])
    ours, feast = compared(with_sales(repository, "plain"), "sales", START, END)
    assert ours == feast


def test_the_loans_views_are_read_in_batches_as_feast_pulls_them(
    tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches are small, so that rows of one entity come in several."""
    monkeypatch.setattr(files, "BATCH_ROWS", 999)
    ignored = shutil.ignore_patterns("data", "__pycache__")
    definitions = Path(shutil.copytree(ROOT / "feature_repo", tmp_path / "repo", ignore=ignored))
    manifests = load_manifests(ROOT / "examples" / "credit-scoring.yaml")
    (resource,) = (each for each in manifests if isinstance(each, FeatureStore))
    workspace = Workspace(resource, definitions, store, tmp_path / "home")
    jobs.apply(workspace)
    feast_store, now = connected(workspace), datetime.now(UTC)
    for view in ("zipcode_features", "credit_history"):
        ours, feast = compared(feast_store, view, now - timedelta(days=3650), now)
        assert len(ours) > 28_000
        assert ours == feast
