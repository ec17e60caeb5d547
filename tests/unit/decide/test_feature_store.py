"""Whole lives of a FeatureStore, simulated: each step decides on what the last one left."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.feature_store_plan import RegistryStatus
from hotplate.decide.observed import JobState, Outcome, Valkey
from hotplate.protocol.job_results import ResultPart, StoredResult
from hotplate.protocol.stored_results import pack, part, stored
from support.job_results import PLAN_HASH, result
from support.lives import START, VIEWS, Life

MATERIALIZATIONS = ["materialize credit_history", "materialize zipcode_features"]
HOURLY = {"materialization": {"views": VIEWS, "schedule": "0 * * * *"}}


def test_definitions_are_planned_applied_and_each_view_materialized() -> None:
    life = Life()

    assert life.step() == ["plan"]
    assert life.step() == []
    life.end("plan")
    assert life.step() == ["apply"]
    life.end("apply")
    assert life.step() == ["materialize credit_history", "materialize zipcode_features"]
    life.end("materialize")
    assert life.step() == []

    assert life.condition("Ready") == ("True", "Ready")
    assert life.store.status.fresh_views == "2/2"
    assert life.store.status.oldest_watermark == START
    assert life.store.status.revision is not None
    assert life.store.status.revision.id == "1f" * 6
    assert life.store.status.registry == RegistryStatus(version="6a0c", size=4711)


def test_the_registry_is_as_the_last_job_that_wrote_it_left_it() -> None:
    life = Life()
    for what in ("plan", "apply"):
        life.step()
        life.end(what)
    life.step()
    life.end("materialize credit_history", registry={"version": "7b1d", "size": 4800})
    life.step()
    assert life.store.status.registry == RegistryStatus(version="7b1d", size=4800)
    life.end("materialize zipcode_features")
    life.step()
    assert life.store.status.registry == RegistryStatus(version="7b1d", size=4800)


def test_services_are_in_status_and_only_those_that_can_be_served_in_the_revision() -> None:
    life = Life()
    refused = {"name": "bad", "servable": False, "reason": "it aggregates"}
    life.step()
    life.end("plan", services=[{"name": "good"}, refused])
    life.step()
    planned = life.store.status.services
    assert [(each.name, each.servable, each.reason) for each in planned] == [
        ("good", True, ""),
        ("bad", False, "it aggregates"),
    ]
    life.end("apply", services=[{"name": "new", "hash": "6e" * 8}, refused])
    life.step()
    assert [each.name for each in life.store.status.services] == ["new", "bad"]
    assert life.store.status.revision is not None
    assert [each.name for each in life.store.status.revision.services] == ["new"]


def test_ready_comes_first() -> None:
    life = Life()
    life.step()

    assert life.decision.status.conditions[0].type == "Ready"


def test_a_steady_state_changes_nothing() -> None:
    life = Life().until_ready()
    before = life.store.status

    life.now += timedelta(minutes=1)

    assert life.step() == []
    assert life.store.status == before


def test_nothing_starts_before_the_embedded_valkey_is_ready() -> None:
    life = Life()
    life.valkey = Valkey(ready=False, pod_uid="")

    assert life.step() == []
    assert life.condition("OnlineStoreReachable") == ("False", "StoreStarting")
    assert life.condition("Ready") == ("False", "StoreStarting")


def test_a_plan_that_deletes_too_much_is_blocked_with_its_hash() -> None:
    life = Life()
    life.step()
    life.end("plan", delete=3, summary=["delete FeatureView a"])

    assert life.step() == []
    assert life.condition("Applied") == ("False", "ApplyBlocked")
    message = life.message("Ready")
    assert (
        "has 3 destructive changes, spec.apply.maxDeletions is 0: delete FeatureView a" in message
    )
    assert f"spec.apply.approve: {PLAN_HASH}" in message


def test_an_approved_plan_is_applied_and_stays_applied_without_the_approval() -> None:
    life = Life()
    life.step()
    life.end("plan", delete=3)
    life.step()

    life.change(apply={"approve": PLAN_HASH})
    assert life.step() == ["apply"]
    life.end("apply")
    life.step()
    life.change()
    life.step()

    assert life.condition("Applied")[0] == "True"


def test_the_approval_of_another_plan_does_not_count() -> None:
    life = Life(apply={"approve": "sha256:" + "ff" * 32})
    life.step()
    life.end("plan", delete=1)

    assert life.step() == []


def test_changed_definitions_are_planned_again() -> None:
    life = Life().until_ready()

    life.references = {"ConfigMap/credit-features": "2"}

    assert life.step() == ["plan"]
    assert life.condition("Planned") == ("Unknown", "Running")


def test_definitions_that_are_set_back_are_planned_and_applied_again() -> None:
    life = Life().until_ready()
    first = life.references
    life.references = {"ConfigMap/credit-features": "2"}
    for what in ("plan", "apply", "materialize"):
        life.now += timedelta(minutes=1)
        life.step()
        life.end(what)
    life.step()

    life.references = first
    life.now += timedelta(minutes=1)
    assert life.step() == []
    assert life.step() == ["plan"]
    life.end("plan")
    assert life.step() == []
    assert life.step() == ["apply"]


def test_a_new_pod_of_the_embedded_valkey_makes_everything_again() -> None:
    life = Life().until_ready()

    life.valkey = Valkey(ready=True, pod_uid="pod-2")
    life.now += timedelta(minutes=5)

    assert life.step() == ["plan"]
    life.end("plan")
    assert life.step() == ["apply"]
    life.end("apply")
    assert life.step() == ["materialize credit_history", "materialize zipcode_features"]


def test_a_view_is_materialized_when_its_schedule_is_due() -> None:
    life = Life(materialization={"schedule": "*/15 * * * *", "views": VIEWS}).until_ready()
    assert life.decision.requeue_at == START.replace(minute=15)

    life.now = START.replace(minute=15)

    assert life.step() == ["materialize credit_history", "materialize zipcode_features"]


def test_a_view_whose_run_has_not_ended_gets_no_second_one() -> None:
    life = Life(materialization={"schedule": "*/15 * * * *", "views": VIEWS}).until_ready()
    life.now = START.replace(minute=15)
    life.step()

    life.now = START.replace(minute=45)
    assert life.step() == []

    life.end("materialize")
    assert life.step() == ["materialize credit_history", "materialize zipcode_features"]


def test_no_more_views_are_materialized_at_once_than_may_be() -> None:
    materialization = {"parallelism": 1, "views": VIEWS}
    life = Life(materialization=materialization)
    for what in ("plan", "apply"):
        life.step()
        life.end(what)

    assert life.step() == ["materialize credit_history"]
    assert life.step() == []
    life.end("materialize")
    assert life.step() == ["materialize zipcode_features"]


def test_the_watermark_moves_only_after_success() -> None:
    life = Life(materialization={"schedule": "*/15 * * * *", "views": VIEWS}).until_ready()
    life.now = START.replace(minute=15)
    life.step()
    life.fail("materialize", "OOMKilled", "raise the memory limit")
    life.step()

    assert life.store.status.oldest_watermark == START
    assert life.condition("Materialized") == ("False", "JobFailed")
    assert "OOMKilled: raise the memory limit" in life.message("Materialized")


def test_a_failed_run_is_made_up_for_at_the_next_due_time() -> None:
    life = Life(materialization={"schedule": "*/15 * * * *", "views": VIEWS}).until_ready()
    life.now = START.replace(minute=15)
    life.step()
    life.fail("materialize", "JobFailed")
    assert life.step() == []

    life.now = START.replace(minute=30)

    assert life.step() == ["materialize credit_history", "materialize zipcode_features"]


def test_a_job_that_is_deleted_by_hand_while_it_runs_is_made_again() -> None:
    life = Life()
    life.step()
    life.jobs.outcomes.clear()

    assert life.step() == ["plan"]


def test_a_failed_job_is_run_again_when_it_is_deleted() -> None:
    life = Life()
    life.step()
    life.fail("plan", "DefinitionsInvalid", "views.py, line 3: invalid syntax")
    assert life.step() == []
    assert life.condition("Planned") == ("False", "DefinitionsInvalid")
    assert "views.py, line 3" in life.message("Ready")

    life.jobs.outcomes.clear()

    assert life.step() == ["plan"]


def test_a_failed_job_is_run_again_when_the_spec_changes() -> None:
    life = Life()
    life.step()
    life.fail("plan", "OOMKilled")
    life.step()

    life.change(jobs={"resources": {"limits": {"memory": "4Gi"}}})

    life.step()
    assert life.step() == ["plan"]
    assert life.step() == []


def test_a_job_whose_image_cannot_be_pulled_gives_way_to_one_with_another_image() -> None:
    life = Life(jobs={"image": "hotplate/wrong:1"})
    life.step()
    (wrong,) = life.running("plan")
    life.jobs.outcomes[wrong] = Outcome(JobState.RUNNING, "ImagePullBackOff", "wrong:1")
    life.step()
    assert "ImagePullBackOff: wrong:1" in life.message("Planned")

    life.change(jobs={"image": "hotplate/right:1"})

    assert life.step() == ["plan"]
    assert wrong not in life.jobs.outcomes


def test_a_view_s_stuck_job_gives_way_to_the_next_due_one() -> None:
    life = Life(materialization={"schedule": "*/15 * * * *", "views": VIEWS}).until_ready()
    life.now = START.replace(minute=15)
    life.step()
    for name in life.running("materialize"):
        life.jobs.outcomes[name] = Outcome(JobState.RUNNING, "Unschedulable", "0/1 nodes")

    life.now = START.replace(minute=30)

    assert life.step() == ["materialize credit_history", "materialize zipcode_features"]
    assert len(life.running("materialize")) == 2


def test_an_apply_that_runs_ends_before_the_next_one_starts() -> None:
    life = Life()
    life.step()
    life.end("plan")
    life.step()
    life.references = {"ConfigMap/credit-features": "2"}
    life.step()
    life.end("plan")
    assert life.step() == []

    life.end("apply")

    assert life.step() == ["apply", *MATERIALIZATIONS]


def test_an_apply_that_ends_while_nothing_may_be_applied_is_still_recorded() -> None:
    life = Life()
    life.step()
    life.end("plan")
    life.step()
    life.references = {"ConfigMap/credit-features": "2"}
    life.step()
    life.fail("plan", "DefinitionsFailed", "no such module")
    life.step()
    life.end("apply")

    assert life.step() == MATERIALIZATIONS
    assert life.store.status.apply_run is not None
    assert life.store.status.apply_run.result == "Succeeded"
    assert life.store.status.revision is not None
    assert life.condition("Planned") == ("False", "DefinitionsFailed")


def test_a_plan_that_ends_while_its_inputs_have_changed_is_recorded_and_then_made_again() -> None:
    life = Life()
    life.step()
    life.references = {"ConfigMap/credit-features": "2"}
    assert life.step() == []
    life.end("plan")

    assert life.step() == ["plan"]
    assert life.store.status.plan is not None


def test_a_stuck_job_is_deleted_even_when_another_job_ends_in_the_same_step() -> None:
    life = Life(**HOURLY).until_ready()
    life.now += timedelta(hours=1)
    life.step()
    (stuck,) = life.running("materialize credit_history")
    life.hang("materialize credit_history", "Unschedulable")
    life.step()
    life.now += timedelta(hours=1)
    life.end("materialize zipcode_features")

    life.step()

    assert life.decision.to_delete == (stuck,)


def test_a_stuck_job_is_replaced_once_its_resource_is_edited() -> None:
    life = Life(**HOURLY).until_ready()
    life.now += timedelta(hours=1)
    life.step()
    (stuck,) = life.running("materialize credit_history")
    life.hang("materialize credit_history", "Unschedulable")
    assert life.step() == []
    assert life.decision.to_delete == ()

    life.change(jobs={"nodeSelector": {"disk": "ssd"}}, **HOURLY)
    assert life.step() == []
    assert life.decision.to_delete == (stuck,)
    assert life.step() == ["materialize credit_history"]
    life.hang("materialize credit_history", "Unschedulable")
    life.step()
    assert life.decision.to_delete == ()


def test_an_edit_of_the_views_takes_effect_without_an_apply() -> None:
    life = Life(materialization={"views": [{"name": "credit_history"}]}).until_ready()
    assert [view.name for view in life.store.status.views] == ["credit_history"]

    life.change(materialization={})

    assert life.step() == ["materialize zipcode_features"]
    assert [view.name for view in life.store.status.views] == [
        "credit_history",
        "zipcode_features",
    ]
    life.change(materialization={"views": [{"name": "zipcode_features"}]})
    life.step()
    assert [view.name for view in life.store.status.views] == ["zipcode_features"]


@pytest.mark.parametrize("reason", ["Running", "Succeeded"])
def test_a_failure_is_never_taken_for_another_state(reason: str) -> None:
    life = Life()
    life.step()
    life.fail("plan", reason, "")

    assert life.step() == []
    assert life.condition("Planned") == ("False", "JobFailed")


def test_a_job_that_succeeded_is_not_repeated_when_it_is_cleaned_up() -> None:
    life = Life().until_ready()
    life.jobs.outcomes.clear()

    assert life.step() == []
    assert life.condition("Ready") == ("True", "Ready")


def test_a_watermark_older_than_its_promise_is_stale() -> None:
    life = Life().until_ready()
    assert life.decision.requeue_at == START + timedelta(hours=1)

    life.now = START + timedelta(hours=1, seconds=1)
    life.step()

    assert life.condition("Fresh") == ("False", "RunLate")
    assert life.message("Fresh") == (
        "credit_history was materialized up to 2026-11-24T10:07:00+00:00,"
        " longer ago than its maxStaleness of 1h"
    )
    assert life.store.status.fresh_views == "1/2"


def test_a_suspended_feature_store_starts_nothing_and_follows_what_runs() -> None:
    life = Life()
    life.step()
    life.change(suspend=True)
    life.end("plan")

    assert life.step() == []
    assert life.condition("Planned")[0] == "True"
    assert life.condition("Ready") == ("False", "Suspended")


def test_a_missing_reference_is_named_and_nothing_starts_until_it_is_there() -> None:
    life = Life()
    life.references = {"ConfigMap/credit-features": None}

    assert life.step() == []
    assert life.condition("Ready") == ("False", "ReferenceMissing")
    assert "ConfigMap/credit-features" in life.message("Ready")

    life.references = {"ConfigMap/credit-features": "1"}
    assert life.step() == ["plan"]


def test_a_project_that_would_endanger_another_s_data_is_refused() -> None:
    life = Life()
    life.conflict = "project credit_scoring is also that of FeatureStore ml/other"

    assert life.step() == []
    assert life.condition("Ready") == ("False", "ProjectConflict")


def test_a_schedule_that_is_never_due_is_a_condition_not_an_error() -> None:
    life = Life(materialization={"schedule": "0 0 31 2 *", "views": VIEWS})
    for what in ("plan", "apply", "materialize"):
        life.step()
        life.end(what)
    life.step()

    assert life.condition("Materialized") == ("False", "InvalidSchedule")


def test_without_views_in_the_spec_all_of_the_registry_are_materialized() -> None:
    life = Life(materialization={})
    for what in ("plan", "apply"):
        life.step()
        life.end(what)

    assert life.step() == ["materialize credit_history", "materialize zipcode_features"]


def test_the_commit_of_the_plan_is_what_is_applied() -> None:
    life = Life(definitions={"git": {"url": "https://example.com/features.git"}})
    life.step()
    life.end("resolve")
    life.step()
    (name,) = life.running("plan")
    life.jobs.outcomes[name] = Outcome(
        JobState.SUCCEEDED,
        "Succeeded",
        result=result("plan"),
        commit="1f3c9a0d5e6b",
        finished=life.now,
    )
    life.step()

    (name,) = life.running("apply")
    assert life.jobs.specs[name].commit == "1f3c9a0d5e6b"


def test_the_status_survives_being_stored() -> None:
    life = Life().until_ready()

    stored = life.store.model_dump(mode="json", by_alias=True, exclude_none=True)

    assert FeatureStore.model_validate(stored).status == life.store.status


def test_a_clock_that_is_set_back_a_minute_starts_nothing_and_takes_nothing_back() -> None:
    life = Life(materialization={"views": VIEWS, "schedule": "*/15 * * * *"}).until_ready()
    life.now = START.replace(minute=15, second=10)
    assert len(life.step()) == 2
    life.end("materialize")
    life.step()
    before = life.store.status

    life.now = START.replace(minute=14, second=10)

    assert life.step() == []
    assert life.store.status.views == before.views


def test_a_run_whose_status_has_no_due_time_is_not_repeated() -> None:
    life = Life(materialization={"views": VIEWS, "schedule": "*/15 * * * *"}).until_ready()
    status = life.store.status
    views = tuple(
        view.model_copy(update={"last_run": view.last_run.model_copy(update={"due": None})})
        for view in status.views
        if view.last_run is not None
    )
    life.store = life.store.model_copy(
        update={"status": status.model_copy(update={"views": views})}
    )

    life.now += timedelta(minutes=1)
    assert life.step() == []
    life.now = START.replace(minute=15)
    assert life.step() == ["materialize credit_history", "materialize zipcode_features"]


def test_a_clock_that_was_days_ahead_is_forgotten() -> None:
    life = Life(materialization={"views": VIEWS, "schedule": "*/15 * * * *"}).until_ready()
    life.now += timedelta(days=3)
    assert len(life.step()) == 2
    life.end("materialize")
    life.step()

    life.now = START.replace(minute=15, second=10)

    assert len(life.step()) == 2


def test_a_job_that_runs_is_looked_at_again_since_its_pod_sends_no_event() -> None:
    life = Life()
    life.step()
    assert life.decision.requeue_at == START + timedelta(seconds=10)

    life.until_ready()
    assert life.decision.requeue_at == START + timedelta(hours=1)


def test_what_waits_is_looked_at_again_soon_and_ever_more_seldom() -> None:
    life = Life()
    life.references = {"Secret/cache": None}
    life.step()
    assert life.decision.requeue_at == START + timedelta(seconds=10)

    before = life.decision.status
    life.changed_at, life.now = START, START + timedelta(minutes=6)
    life.step()
    assert life.decision.status == before
    assert life.decision.requeue_at == life.now + timedelta(minutes=3)

    life.references = {"Secret/registry": None}
    life.step()
    assert life.decision.requeue_at == life.now + timedelta(seconds=10)


def test_a_job_that_failed_is_made_again_when_what_the_spec_names_has_changed() -> None:
    life = Life()
    life.references["Secret/git"] = "1"
    life.step()
    life.fail("plan", "DefinitionsFailed")
    life.step()
    assert life.step() == []

    life.references["Secret/git"] = "2"
    life.step()

    assert life.step() == ["plan"]


def test_what_is_suspended_waits_for_nothing() -> None:
    life = Life(suspend=True)
    life.step()

    assert life.decision.requeue_at is None


IMAGE = ("ImagePullBackOff", "hotplate/jobs:9: not found: check its name")


def stuck(life: Life) -> None:
    """Have every Job that runs wait for its image."""
    for name in life.running(""):
        life.jobs.outcomes[name] = Outcome(JobState.RUNNING, *IMAGE)


@pytest.mark.parametrize(
    ("ended", "kind"),
    [((), "Planned"), (("plan",), "Applied"), (("plan", "apply"), "Materialized")],
)
def test_what_keeps_a_job_s_pod_from_starting_is_the_reason(
    ended: tuple[str, ...], kind: str
) -> None:
    life = Life()
    for what in ended:
        life.step()
        life.end(what)
    life.step()

    stuck(life)
    life.step()

    assert life.condition("Ready") == life.condition(kind) == ("False", "ImagePullBackOff")
    assert "hotplate/jobs:9: not found: check its name" in life.message("Ready")


def test_a_run_that_waits_is_told_and_does_not_unmake_what_was_materialized() -> None:
    life = Life(materialization={"views": VIEWS, "schedule": "*/15 * * * *"}).until_ready()
    life.now = START.replace(minute=15)
    life.step()

    stuck(life)
    life.step()

    assert life.condition("Materialized") == ("True", "AllMaterialized")
    assert "waits: ImagePullBackOff: hotplate/jobs:9" in life.message("Materialized")


def test_what_keeps_the_embedded_valkey_from_starting_is_told() -> None:
    life = Life()
    life.valkey = Valkey(ready=False, pod_uid="pod-1", waits_for=IMAGE)
    life.step()

    assert life.condition("Ready") == ("False", "ImagePullBackOff")
    message = life.message("Ready")
    assert message.startswith("the embedded Valkey's pod is not ready: ImagePullBackOff: hotplate/")


def test_every_condition_is_about_the_newest_generation() -> None:
    life = Life().until_ready()

    life.change(jobs={"image": "hotplate/jobs:9"})
    life.step()

    status = life.decision.status
    assert life.store.metadata.generation == status.observed_generation == 4
    assert {each.observed_generation for each in status.conditions} == {4}


def test_a_view_that_was_never_materialized_is_not_called_stale() -> None:
    life = Life()
    for what in ("plan", "apply"):
        life.step()
        life.end(what)
    life.step()

    assert life.condition("Fresh") == ("Unknown", "Pending")
    assert life.condition("Materialized") == ("False", "NotMaterialized")


def stored_apply(life: Life, views: list[str]) -> tuple[StoredResult, list[ResultPart]]:
    """End the apply with a result that is stored; return its parts."""
    data = pack(result("apply", views=views))
    (name,) = life.running("apply")
    life.jobs.outcomes[name] = Outcome(
        JobState.SUCCEEDED, "Succeeded", result=stored(data), started=START, finished=life.now
    )
    return stored(data), [part(data, number) for number in range(stored(data).parts)]


def end_parts(life: Life, parts: list[ResultPart]) -> None:
    for name in life.running("result"):
        number = int(life.jobs.specs[name].variables["HOTPLATE_RESULT_PART"])
        if number < len(parts):
            life.jobs.outcomes[name] = Outcome(
                JobState.SUCCEEDED, "Succeeded", result=parts[number], finished=life.now
            )


MANY = [hashlib.sha256(str(number).encode()).hexdigest()[:40] for number in range(1000)]


def test_a_result_too_long_for_a_termination_message_is_read_by_a_job_for_each_part() -> None:
    life = Life(materialization={"parallelism": 2})
    life.step()
    life.end("plan")
    life.step()
    whole, parts = stored_apply(life, MANY)
    assert life.step() == ["result"] * whole.parts
    assert life.store.status.revision is None
    assert life.step() == []
    end_parts(life, parts[:-1])
    assert life.step() == []
    assert life.condition("Applied") == ("Unknown", "Running")
    end_parts(life, parts)
    assert len(life.step()) == 2

    assert [view.name for view in life.store.status.views] == MANY
    assert life.condition("Applied") == ("True", "Succeeded")


def test_a_part_that_is_gone_is_read_again() -> None:
    life = Life(materialization={})
    life.step()
    life.end("plan")
    life.step()
    _, parts = stored_apply(life, MANY)
    life.step()
    end_parts(life, parts[:-1])
    (gone,) = life.running("result")
    del life.jobs.outcomes[gone]

    assert life.step() == ["result"]
    end_parts(life, parts)
    life.step()
    assert len(life.store.status.views) == len(MANY)


def test_a_part_that_cannot_be_read_fails_the_apply_with_its_reason() -> None:
    life = Life()
    life.step()
    life.end("plan")
    life.step()
    stored_apply(life, MANY)
    life.step()
    life.jobs.outcomes[life.running("result")[3]] = Outcome(
        JobState.FAILED, "ResultMissing", "no artifact sha256:1", finished=life.now
    )
    life.step()

    assert life.condition("Applied") == ("False", "ResultMissing")
    assert "no artifact sha256:1" in life.message("Applied")
    assert life.store.status.revision is None


def test_a_part_whose_pod_cannot_start_is_what_the_apply_waits_for() -> None:
    life = Life()
    life.step()
    life.end("plan")
    life.step()
    stored_apply(life, MANY)
    life.step()
    waiting = Outcome(JobState.RUNNING, "Unschedulable", "0/3 nodes are available")
    life.jobs.outcomes[life.running("result")[3]] = waiting
    life.step()

    assert life.condition("Applied") == ("False", "Unschedulable")
    assert "0/3 nodes are available" in life.message("Applied")


def test_a_plan_of_many_lines_says_in_status_how_many_more_there_are() -> None:
    life = Life()
    life.step()
    life.end("plan", summary=[f"create FeatureView v{number}" for number in range(2000)])
    life.step()

    assert life.store.status.plan is not None
    assert life.store.status.plan.summary[0] == "create FeatureView v0"
    assert life.store.status.plan.summary[-1] == "... and 1,950 more"
