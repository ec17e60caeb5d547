"""Retries, backoff, deadlines and the time for which Jobs are kept, on a played clock."""

from __future__ import annotations

from pathlib import Path

from support.local.played import LocalLife

ON_FAILURE = {"materialization": {"onFailure": {"retries": 2, "deadline": "10m"}}}


def applied(folder: Path) -> LocalLife:
    """Return a life whose views are being materialized; one view only."""
    views = {"views": [{"name": "credit_history"}]}
    life = LocalLife(folder, {"materialization": views | ON_FAILURE["materialization"]})
    life.step()
    life.end("plan")
    life.end("apply")
    life.end("train")
    return life


def test_a_job_is_tried_again_after_longer_and_longer_times(tmp_path: Path) -> None:
    life = applied(tmp_path)

    life.fail("materialize", "OnlineStoreDown", "no route")
    assert life.later(seconds=0.5) == []
    assert life.later(seconds=0.5) == ["materialize credit_history"]
    life.fail("materialize", "OnlineStoreDown", "no route")
    assert life.later(seconds=1) == []
    assert life.later(seconds=1) == ["materialize credit_history"]
    assert life.heard.lines[-1] == "attempt 2 of materialize credit_history: OnlineStoreDown"


def test_a_job_fails_once_its_retries_are_used_up(tmp_path: Path) -> None:
    life = applied(tmp_path)

    for seconds in (1, 2):
        life.fail("materialize", "OnlineStoreDown", "no route")
        life.later(seconds=seconds)
    life.fail("materialize", "OnlineStoreDown", "no route")
    assert life.later(minutes=1) == []
    assert life.condition("Materialized") == ("False", "JobFailed")
    (view,) = life.reconciled.feature_store.status.views
    assert view.last_run is not None
    assert (view.last_run.result, view.last_run.message) == ("OnlineStoreDown", "no route")


def test_a_job_that_failed_runs_again_when_it_is_no_longer_kept(tmp_path: Path) -> None:
    life = applied(tmp_path)
    for seconds in (1, 2, 0):
        life.fail("materialize", "OnlineStoreDown")
        life.later(seconds=seconds)

    assert life.jobs.next_at() is not None
    assert life.later(minutes=59) == []
    assert life.later(minutes=1) == ["materialize credit_history"]


def test_a_job_is_ended_at_its_deadline(tmp_path: Path) -> None:
    life = applied(tmp_path)

    assert life.later(minutes=9) == []
    life.later(minutes=1)
    assert life.running("materialize") == {}
    (view,) = life.reconciled.feature_store.status.views
    assert view.last_run is not None
    assert view.last_run.result == "DeadlineExceeded"
    assert "onFailure.deadline" in view.last_run.message


def test_the_deadline_holds_between_two_attempts_too(tmp_path: Path) -> None:
    life = applied(tmp_path)
    life.now = life.now.replace(minute=16, second=59)
    life.fail("materialize", "OnlineStoreDown")

    life.later(seconds=1)
    assert life.running("materialize") == {}
    assert life.heard.lines[-1] == "DeadlineExceeded materialize credit_history"
