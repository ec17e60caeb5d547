"""Generates the example's tables: drivers' statistics by the hour, and trips that were late or not.

All of it is made up, and the same for the same day. A trip is late more often when it rains or
snows, when it is long, and when its driver, in the statistics of the hour before, drives many
trips and turns down many offers: only what was known at the trip's start decides.

Replace this module with your own tables; the definitions name them.
"""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = Path(__file__).parent / "data"
DRIVERS = np.arange(1001, 1101)
TRIPS_A_DAY = 350
PAST = timedelta(days=14)
AHEAD = timedelta(days=14)
WEATHER = np.array(["CLEAR", "RAIN", "SNOW"])
SLOWED = np.array([0.0, 1.5, 3.0])
EPOCH = date(1970, 1, 1)


def make_tables(folder: Path = FOLDER, today: date | None = None) -> None:
    """Make both tables for the 14 days before `today` (UTC) unless those there reach it.

    The statistics continue for 14 more days, so that they stay fresh until the next generation.
    """
    today = today or datetime.now(UTC).date()
    statistics = folder / "driver_hourly_stats.parquet"
    if _last_day(statistics) >= today:
        return
    folder.mkdir(parents=True, exist_ok=True)
    days = [today - PAST + timedelta(days=n) for n in range((PAST + AHEAD).days + 1)]
    by_day = {day: _statistics(day) for day in days}
    trips = [_trips(day, by_day[day]) for day in days if day < today]
    _write(pd.concat(trips, ignore_index=True), folder / "trips.parquet")
    _write(pd.concat(by_day.values(), ignore_index=True), statistics)


def _last_day(statistics: Path) -> date:
    """Return the last day of the statistics, which are written last; the epoch without any."""
    if not statistics.is_file():
        return EPOCH
    times = pq.read_table(statistics, columns=["event_timestamp"])[0]
    last: datetime = times[-1].as_py()
    return last.date()


def _statistics(day: date) -> pd.DataFrame:
    """Return one row for each hour and driver; a driver is much the same every day."""
    skill = np.random.default_rng(1).random(len(DRIVERS))
    demand = np.random.default_rng(2).random(len(DRIVERS))
    wobble = np.random.default_rng([3, (day - EPOCH).days]).normal(0, 0.05, (3, 24, len(DRIVERS)))
    hours = pd.date_range(day, periods=24, freq="h", tz=UTC, unit="us")
    statistics = {
        "event_timestamp": hours.repeat(len(DRIVERS)),
        "driver_id": np.tile(DRIVERS, 24),
        "conv_rate": np.clip(0.3 + 0.4 * skill + wobble[0], 0, 1).ravel(),
        "acc_rate": np.clip(0.2 + 0.7 * skill + wobble[1], 0, 1).ravel(),
        "avg_daily_trips": np.clip(30 * demand + 20 * wobble[2], 0, 40).astype("int64").ravel(),
    }
    return pd.DataFrame(statistics).assign(created_timestamp=hours.repeat(len(DRIVERS)))


def _trips(day: date, statistics: pd.DataFrame) -> pd.DataFrame:
    """Return the day's trips with what is asked when one is booked, and whether it was late."""
    rng = np.random.default_rng([4, (day - EPOCH).days])
    known = statistics.iloc[np.sort(rng.integers(0, len(statistics), TRIPS_A_DAY))]
    distance = np.round(rng.gamma(2, 4, TRIPS_A_DAY) + 0.5, 1)
    weather = rng.choice(len(WEATHER), TRIPS_A_DAY, p=[0.7, 0.25, 0.05])
    score = SLOWED[weather] + distance / 6 + known.avg_daily_trips / 5 - 10 * known.acc_rate
    start = known.event_timestamp + pd.to_timedelta(rng.integers(1, 3600, TRIPS_A_DAY), unit="s")
    trips = {
        "trip_id": (day - EPOCH).days * TRIPS_A_DAY + np.arange(TRIPS_A_DAY),
        "event_timestamp": start.dt.as_unit("us"),
        "driver_id": known.driver_id,
        "distance_km": distance,
        "weather": WEATHER[weather],
        "late": (rng.random(TRIPS_A_DAY) < 1 / (1 + np.exp(-score))).astype("int64"),
    }
    return pd.DataFrame(trips)


def _write(table: pd.DataFrame, path: Path) -> None:
    """Write the table under a name of this process first, so that it is never seen half written."""
    part = path.with_suffix(f".{os.getpid()}")
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), part)
    part.replace(path)


if __name__ == "__main__":
    make_tables()
