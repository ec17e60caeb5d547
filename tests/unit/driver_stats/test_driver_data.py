"""The driver example's tables are the same for the same day, and made again when they end."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from driver_data import make_tables

TODAY = date(2026, 3, 10)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drivers") / "data"
    make_tables(folder, TODAY)
    return folder


def statistics(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "driver_hourly_stats.parquet")


def test_every_driver_has_statistics_every_hour_for_some_days_ahead(made: Path) -> None:
    table = statistics(made)
    assert not table.duplicated(["driver_id", "event_timestamp"]).any()
    assert len(table) == table.driver_id.nunique() * table.event_timestamp.nunique()
    last = datetime(2026, 3, 24, 23, tzinfo=UTC)
    assert table.event_timestamp.max() == last
    assert table.event_timestamp.drop_duplicates().diff().dropna().eq(timedelta(hours=1)).all()


def test_trips_are_of_the_past_and_about_a_third_were_late(made: Path) -> None:
    trips = pd.read_parquet(made / "trips.parquet")
    assert trips.event_timestamp.max() < datetime(2026, 3, 10, tzinfo=UTC)
    assert trips.trip_id.is_unique
    assert 0.2 < trips.late.mean() < 0.5


def test_trips_with_drivers_who_accept_less_were_late_more_often(made: Path) -> None:
    trips = pd.read_parquet(made / "trips.parquet").sort_values("event_timestamp")
    known = pd.merge_asof(
        trips,
        statistics(made).sort_values("event_timestamp"),
        on="event_timestamp",
        by="driver_id",
        tolerance=timedelta(hours=1),
    )
    assert known.acc_rate.notna().all()
    willing = known.acc_rate > known.acc_rate.median()
    assert known.late[willing].mean() < known.late[~willing].mean() - 0.1


def test_tables_that_reach_today_are_left_alone(made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.iterdir()}
    make_tables(made, TODAY + timedelta(days=14))
    assert {path: path.stat().st_mtime_ns for path in made.iterdir()} == before


def test_tables_made_later_have_the_same_rows_for_the_same_hours(
    made: Path, tmp_path: Path
) -> None:
    make_tables(tmp_path, TODAY + timedelta(days=15))
    old, new = statistics(made), statistics(tmp_path)
    common = old.merge(new, on=["driver_id", "event_timestamp"])
    assert len(new) == len(old)
    assert len(common) > 0.4 * len(old)
    assert (common.acc_rate_x == common.acc_rate_y).all()
    assert not list(tmp_path.glob("*.[0-9]*"))
