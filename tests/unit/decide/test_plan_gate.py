"""A plan that takes something away waits for an approval, and its apply learns who reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hotplate.protocol.readers import Reader, from_json
from support.job_results import PLAN_HASH, READ_PLAN
from support.lives import Life

LOSS = {
    "name": "credit_history:bankruptcies",
    "change": "removed",
    "keys": 28_633,
    "services": ["credit_scoring_v1"],
}
LIVE = Reader("credit", "credit_scoring_v1", READ_PLAN)
OTHER = Reader("offers", "offers_v1", READ_PLAN)


def planned(readers: tuple[Reader, ...] | None, losses: Any = (LOSS,), **apply: Any) -> Life:
    """Return a life whose first plan has ended with these losses."""
    life = Life(apply=apply)
    life.readers = readers
    life.step()
    life.end("plan", destructive=len(losses), losses=losses)
    life.step()
    return life


def test_a_plan_that_removes_a_feature_is_blocked_with_the_online_keys_it_touches() -> None:
    life = planned(())

    assert life.condition("Applied") == ("False", "ApplyBlocked")
    assert life.message("Applied") == (
        "the plan has 1 destructive changes, spec.apply.maxDeletions is 0:"
        " credit_history:bankruptcies: removed; 28,633 online keys; read by feature service"
        f" credit_scoring_v1. To approve it, set spec.apply.approve: {PLAN_HASH}"
    )


@pytest.mark.parametrize("limit", [0, 1, 100])
def test_a_plan_that_breaks_a_live_model_is_blocked_whatever_the_limit(limit: int) -> None:
    life = planned((OTHER, LIVE), maxDeletions=limit)

    assert life.running("apply") == []
    assert life.condition("Applied") == ("False", "ApplyBlocked")
    message = life.message("Applied")
    assert "takes features from ModelDeployment credit (feature service credit_scoring" in message
    assert "offers" not in message


def test_a_plan_that_leaves_a_live_model_without_a_feature_service_to_serve_is_blocked() -> None:
    life = Life(apply={"maxDeletions": 9})
    life.readers = (LIVE,)
    life.step()
    refused = {"name": "credit_scoring_v1", "servable": False, "reason": "view a: online=False"}
    life.end("plan", services=[refused, {"name": "offers_v1"}])
    life.step()

    assert life.condition("Applied") == ("False", "ApplyBlocked")
    assert "without a feature service to serve: view a: online=False" in life.message("Applied")


def test_a_service_that_could_not_be_served_before_blocks_no_later_plan() -> None:
    refused = {"name": "credit_scoring_v1", "servable": False, "reason": "view a: online=False"}
    life = planned((LIVE,), losses=())
    life.end("apply", services=[refused])
    life.step()
    life.end("materialize")
    life.references = {"ConfigMap/credit-features": "2"}
    life.step()
    life.end("plan", planHash="sha256:" + "0b" * 32, services=[refused])

    assert life.step() == ["apply"]


def test_a_loss_that_no_live_model_notices_is_within_the_limit() -> None:
    assert planned((OTHER,), maxDeletions=1).running("apply")


def test_an_approved_plan_is_applied_and_its_job_learns_who_reads() -> None:
    life = planned((LIVE,))
    life.change(apply={"approve": PLAN_HASH})

    assert life.step() == ["apply"]
    (name,) = life.running("apply")
    variables = life.jobs.specs[name].variables
    assert variables["HOTPLATE_PLAN_HASH"] == PLAN_HASH
    assert from_json(variables["HOTPLATE_READERS"]) == (LIVE,)


def test_a_plan_that_takes_something_away_waits_until_somebody_looked_who_reads() -> None:
    life = planned(None, maxDeletions=1)
    assert life.running("apply") == []
    assert life.decision.requeue_at == life.now

    life.readers = ()
    assert life.step() == ["apply"]


def test_a_plan_that_takes_nothing_away_does_not_ask_who_reads() -> None:
    life = planned(None, losses=())

    (name,) = life.running("apply")
    assert "HOTPLATE_READERS" not in life.jobs.specs[name].variables


def test_a_blocked_plan_that_was_approved_and_applied_stays_applied() -> None:
    life = planned((LIVE,), approve=PLAN_HASH)
    life.end("apply")
    life.step()
    life.change()
    life.step()

    assert life.condition("Applied")[0] == "True"


def test_runs_delete_what_is_kept_once_its_readers_are_known() -> None:
    life = planned((), losses=())
    life.end("apply", kept=["credit_history:bankruptcies"])
    life.readers = (LIVE,)
    life.step()
    assert life.store.status.kept == ("credit_history:bankruptcies",)
    names = life.running("materialize")
    assert [from_json(life.jobs.specs[each].variables["HOTPLATE_READERS"]) for each in names] == [
        (LIVE,),
        (LIVE,),
    ]

    life.end("materialize", kept=[])
    life.step()

    assert life.store.status.kept == ()


def test_a_run_that_did_not_look_leaves_what_is_kept() -> None:
    life = planned((), losses=())
    life.end("apply", kept=["credit_history:bankruptcies"])
    life.step()
    life.end("materialize", kept=None)
    life.step()

    assert life.store.status.kept == ("credit_history:bankruptcies",)


@pytest.mark.parametrize("text", ["3", "[3]", '[{"name": "a"}]', json.dumps([{"b": 1}])])
def test_what_is_no_list_of_readers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a list of readers"):
        from_json(text)
