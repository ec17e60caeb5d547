"""A late run, a silent source and rows that never come are each reported as what they are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from support.lives import START, Life


def life(rows: int = 1200, newest: datetime | None = START, **promise: Any) -> Life:
    """Return a life whose one view promises this and was materialized, on an hourly schedule."""
    view = {"name": "credit_history"} | promise
    found = Life(materialization={"views": [view], "schedule": "0 * * * *"})
    for what in ("plan", "apply"):
        found.step()
        found.end(what)
    found.step()
    run(found, rows, newest)
    return found


def run(life: Life, rows: int, newest: datetime | None, **result: Any) -> None:
    """End the materialization that runs with these figures."""
    assert life.running("materialize")
    time = newest.isoformat() if newest else None
    life.end("materialize", rows=rows, newestEventTime=time, **result)
    life.step()


def hourly(life: Life, until: timedelta, rows: int, newest: datetime | None = None) -> None:
    """Let the hourly runs bring so many rows each until then."""
    while life.now < START + until:
        life.now = life.now.replace(minute=0) + timedelta(hours=1)
        life.step()
        run(life, rows, newest)


def fresh(life: Life) -> tuple[str, str]:
    return life.condition("Fresh")


def test_a_source_that_stops_is_silent_though_every_run_is_on_time() -> None:
    found = life(maxStaleness="2h", maxDataAge="1d")
    assert fresh(found) == ("True", "AllFresh")

    hourly(found, timedelta(hours=23), rows=0)
    assert fresh(found) == ("True", "AllFresh")
    assert found.decision.requeue_at == START + timedelta(days=1)
    hourly(found, timedelta(hours=25), rows=0)

    assert fresh(found) == ("False", "SourceSilent")
    assert found.condition("Ready") == ("False", "SourceSilent")
    assert "credit_history is of 2026-11-24T10:07:00+00:00" in found.message("Fresh")
    assert found.store.status.fresh_views == "0/1"


def test_a_newer_row_makes_the_view_fresh_again_and_an_older_one_takes_nothing_back() -> None:
    found = life(maxDataAge="1d")
    hourly(found, timedelta(hours=25), rows=0)
    newest = START + timedelta(hours=24)
    hourly(found, timedelta(hours=26), rows=3, newest=newest)
    assert fresh(found) == ("True", "AllFresh")

    hourly(found, timedelta(hours=27), rows=2, newest=START)

    (view,) = found.store.status.views
    assert view.newest_event_time == newest
    assert view.last_success == found.now
    assert fresh(found) == ("True", "AllFresh")


def test_a_run_that_does_not_come_is_late_however_new_its_rows_are() -> None:
    found = life(maxStaleness="2h", maxDataAge="1d")
    found.now = START + timedelta(hours=2, seconds=1)
    found.step()

    assert fresh(found) == ("False", "RunLate")


def test_the_look_at_data_age_is_at_the_very_time() -> None:
    found = life(maxDataAge="30m")
    assert found.decision.requeue_at == START + timedelta(minutes=30)

    found.now = START + timedelta(minutes=30)
    found.step()
    assert fresh(found) == ("True", "AllFresh")
    found.now += timedelta(seconds=1)
    found.step()
    assert fresh(found) == ("False", "SourceSilent")


def test_a_period_with_too_few_rows_is_silent_until_one_has_enough() -> None:
    found = life(expectedRows={"minimum": 100, "per": "1d"})
    hourly(found, timedelta(hours=24), rows=5)
    hourly(found, timedelta(hours=25), rows=5)
    assert fresh(found) == ("True", "AllFresh")

    hourly(found, timedelta(hours=49), rows=4)
    assert fresh(found) == ("False", "SourceSilent")
    assert "got fewer than 100 rows in the 1d before 2026-11-26T10:07" in found.message("Fresh")

    hourly(found, timedelta(hours=73), rows=5)
    assert fresh(found) == ("True", "AllFresh")


def test_periods_in_which_nothing_ran_have_no_rows() -> None:
    found = life(expectedRows={"minimum": 1, "per": "1h"})
    found.now = START + timedelta(hours=5)
    found.step()

    assert fresh(found) == ("False", "SourceSilent")


def test_a_view_whose_rows_never_come_says_why_without_any_promise() -> None:
    found = life(rows=0, newest=None)
    assert fresh(found) == ("True", "NoMaxStaleness")

    found.now = START.replace(minute=0) + timedelta(hours=1)
    found.step()
    run(found, 0, None, rowsInSource=3)

    assert fresh(found) == ("False", "NoRowsInWindow")
    assert "its data source has 3 rows" in found.message("Fresh")
    assert found.condition("Stalled") == ("True", "NoRowsInWindow")


def test_a_view_without_new_rows_since_the_watermark_is_not_without_rows() -> None:
    found = life()
    found.now = START.replace(minute=0) + timedelta(hours=1)
    found.step()
    run(found, 0, None, rowsInSource=3)

    assert fresh(found) == ("True", "NoMaxStaleness")


def test_rows_that_a_run_leaves_out_are_in_status_and_in_the_condition() -> None:
    found = life()
    found.now = START.replace(minute=0) + timedelta(hours=1)
    found.step()
    run(found, 5, START, nullKeys=2, rowsAhead=1)

    (view,) = found.store.status.views
    assert (view.null_keys, view.rows_ahead) == (2, 1)
    assert found.message("Materialized") == (
        "1 views; credit_history: 2 rows without a join key are skipped, 1 rows with event times"
        " ahead of now are left out"
    )
