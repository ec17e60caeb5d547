"""The tables are made when they are missing, damaged or too old, and appear whole or not at all."""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from credit_tables import NAMES, VERSION, TablesError, make_tables

from support import ROOT

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
COMMAND = [sys.executable, str(ROOT / "feature_repo/credit_tables.py")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    make_tables(folder, NOW)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / f"{name}.parquet").read_bytes() for name in NAMES}


def test_the_newest_loan_is_from_the_last_day_and_keeps_its_columns(made: Path) -> None:
    loans = pd.read_parquet(made / "loans.parquet")
    assert len(loans) == 28_638
    assert NOW - timedelta(days=1) < loans.event_timestamp.max() <= NOW
    assert list(loans)[:3] == ["loan_id", "dob_ssn", "zipcode"]
    assert list(loans)[-2:] == ["loan_status", "event_timestamp"]


def test_every_loan_finds_a_credit_history_of_the_last_30_days(made: Path) -> None:
    loans = pd.read_parquet(made / "loans.parquet").sort_values("event_timestamp")
    history = pd.read_parquet(made / "credit_history.parquet").sort_values("event_timestamp")
    history["written"] = history.event_timestamp
    joined = pd.merge_asof(loans, history, on="event_timestamp", by="dob_ssn")
    assert joined.written.notna().all()
    assert (joined.event_timestamp - joined.written).max() <= timedelta(days=30)


def test_everyones_history_stays_fresh_while_the_tables_serve(made: Path) -> None:
    history = pd.read_parquet(made / "credit_history.parquet")
    later = NOW + timedelta(days=29, hours=11)
    latest = history[history.event_timestamp <= later].groupby("dob_ssn").event_timestamp.max()
    assert len(latest) == 28_633
    assert later - latest.min() <= timedelta(days=30)


def test_tables_that_serve_are_left_alone(made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.iterdir()}
    make_tables(made, NOW + timedelta(days=29))
    assert {path: path.stat().st_mtime_ns for path in made.iterdir()} == before


def test_equal_anchors_give_equal_files(made: Path, tmp_path: Path) -> None:
    make_tables(tmp_path, NOW)
    assert contents(tmp_path) == contents(made)


@pytest.mark.parametrize("damage", ["missing", "cut", "of another day"])
def test_a_damaged_set_of_tables_is_made_again(made: Path, tmp_path: Path, damage: str) -> None:
    for name, data in contents(made).items():
        (tmp_path / f"{name}.parquet").write_bytes(data)
    history = tmp_path / "credit_history.parquet"
    if damage == "missing":
        history.unlink()
    elif damage == "cut":
        history.write_bytes(history.read_bytes()[:-100])
    else:
        stamp = {"version": VERSION, "anchor": "2026-03-01", "until": "2026-03-31", "rows": 0}
        table = pq.read_table(history)
        metadata = {b"credit_scoring": json.dumps(stamp).encode()}
        pq.write_table(table.replace_schema_metadata(metadata), history)
    make_tables(tmp_path, NOW)
    assert contents(tmp_path) == contents(made)


def test_tables_that_are_too_old_are_made_again_for_today(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    later = NOW + timedelta(days=40)
    make_tables(tmp_path, later)
    loans = pd.read_parquet(tmp_path / "loans.parquet")
    assert later - loans.event_timestamp.max() < timedelta(days=1)
    old, new = (pd.read_parquet(f / "credit_history.parquet") for f in (made, tmp_path))
    both = old.merge(new, on=["dob_ssn", "event_timestamp"])
    assert len(both) > 0.9 * len(old[old.event_timestamp >= new.event_timestamp.min()])
    assert (both.hard_pulls_x == both.hard_pulls_y).all()


def test_two_processes_making_them_at_once_leave_one_whole_set(made: Path, tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    makers = [spawn.Process(target=make_tables, args=(tmp_path, NOW)) for _ in range(2)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert [maker.exitcode for maker in makers] == [0, 0]
    assert contents(tmp_path) == contents(made)
    assert not list(tmp_path.glob("*.part"))


def test_what_a_killed_maker_left_is_overwritten(made: Path, tmp_path: Path) -> None:
    (tmp_path / "loans.part").write_bytes(b"half a table")
    make_tables(tmp_path, NOW)
    assert contents(tmp_path) == contents(made)
    assert not list(tmp_path.glob("*.part"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(TablesError, match=r"data: the credit scoring tables cannot be written"):
        make_tables(tmp_path / "data", NOW)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(TablesError, match=r"expected a folder that this user may write"):
        make_tables(tmp_path / "data", NOW)


def test_the_command_makes_as_many_persons_and_days_as_asked(tmp_path: Path) -> None:
    until = datetime.now(UTC).date() + timedelta(days=3)
    asked = ["--rows", "30000", "--until", f"{until}", "--folder", f"{tmp_path}"]
    subprocess.run([*COMMAND, *asked], check=True)
    history = pd.read_parquet(tmp_path / "credit_history.parquet")
    assert history.dob_ssn.nunique() == 30_000
    assert history.event_timestamp.max().date() == until
    before = contents(tmp_path)
    make_tables(tmp_path)
    assert contents(tmp_path) == before


def test_the_command_refuses_a_last_day_in_the_past() -> None:
    asked = subprocess.run(
        [*COMMAND, "--until", f"{date(2026, 1, 1)}"], capture_output=True, text=True, check=False
    )
    assert asked.returncode == 1
    assert "--until: 2026-01-01: expected a day after" in asked.stderr
