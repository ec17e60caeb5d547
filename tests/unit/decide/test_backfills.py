from __future__ import annotations

from datetime import timedelta
from typing import Any

from support.job_results import result
from support.lives import VIEWS, Life

PAST = {
    "name": "past",
    "start": "2021-01-01T00:00:00Z",
    "end": "2021-02-15T00:00:00Z",
    "chunk": "30d",
}


def begun(**backfill: Any) -> Life:
    """Return a life whose views are materialized, and whose backfill has started."""
    life = Life(backfills=[PAST | backfill])
    for what in ("plan", "apply", "materialize"):
        life.step()
        life.end(what)
    assert len(life.step()) == 1
    return life


def windows_until_done(life: Life) -> list[tuple[str, str]]:
    """Return view and end of each chunk that runs until none does."""
    windows = []
    while names := life.running("materialize"):
        (name,) = names
        variables = life.jobs.specs[name].variables
        windows.append((variables["HOTPLATE_VIEW"], variables["HOTPLATE_END"][:10]))
        life.now += timedelta(minutes=1)
        life.end("materialize", end="2021-02-15T00:00:00Z")
        life.step()
    return windows


def test_a_backfill_runs_chunk_by_chunk_after_the_views_are_there() -> None:
    backfill = {
        "name": "past",
        "views": ["credit_history"],
        "start": "2021-01-01T00:00:00Z",
        "end": "2021-02-15T00:00:00Z",
        "chunk": "30d",
    }
    life = Life(backfills=[backfill])
    for what in ("plan", "apply"):
        life.step()
        life.end(what)
    assert len(life.step()) == 2
    life.end("materialize")
    watermark = life.now

    windows = []
    for _ in range(2):
        life.step()
        (name,) = life.running("materialize")
        windows.append(life.jobs.specs[name].variables["HOTPLATE_END"])
        life.now += timedelta(minutes=1)
        life.end("materialize", end="2021-02-15T00:00:00Z")
    life.step()

    assert windows == ["2021-01-31T00:00:00+00:00", "2021-02-15T00:00:00+00:00"]
    (status,) = life.store.status.backfills
    assert (status.done, status.total) == (2, 2)
    assert life.store.status.views[0].watermark == watermark


def test_a_view_that_comes_during_a_backfill_moves_no_chunk() -> None:
    life = begun()
    life.change(materialization={"views": [*VIEWS, {"name": "another"}]}, backfills=[PAST])
    life.step()
    life.end("materialize another")
    life.step()

    done = windows_until_done(life)

    assert done == [
        ("credit_history", "2021-01-31"),
        ("credit_history", "2021-02-15"),
        ("zipcode_features", "2021-01-31"),
        ("zipcode_features", "2021-02-15"),
    ]
    assert life.store.status.backfills[0].done == 4


def test_the_chunks_of_a_view_that_is_no_longer_applied_are_left_out() -> None:
    life = begun()
    revision = life.store.status.revision
    assert revision is not None
    applied = revision.model_copy(update={"views": ("zipcode_features",)})
    status = life.store.status.model_copy(update={"revision": applied})
    life.store = life.store.model_copy(update={"status": status})
    life.change(materialization={"views": [VIEWS[1]]}, backfills=[PAST])
    life.step()
    life.jobs.succeed(life.running("materialize credit"), lambda _: result("materialize"), life.now)
    life.step()

    assert [view for view, _ in windows_until_done(life)] == ["zipcode_features"] * 2
    assert life.store.status.backfills[0].done == 4


def test_an_edited_backfill_starts_over() -> None:
    life = begun(views=["credit_history"])
    assert len(windows_until_done(life)) == 2

    edited = PAST | {"views": ["credit_history"], "end": "2021-04-01T00:00:00Z"}
    life.change(backfills=[edited])
    life.step()

    assert [end for _, end in windows_until_done(life)] == [
        "2021-01-31",
        "2021-03-02",
        "2021-04-01",
    ]
    assert life.store.status.backfills[0].total == 3
