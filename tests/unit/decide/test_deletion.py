"""The end of a FeatureStore whose data is to be removed, decided step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hotplate.controller.children.jobs import JobContext, job
from hotplate.controller.children.resource_files import teardown_file
from hotplate.decide.deletion import DeletionDecision, DeletionObserved, decide
from hotplate.decide.jobs.specs import job_name, teardown_job
from hotplate.decide.observed import JobState, Outcome
from support.api.resources import feature_store
from support.job_results import result

NOW = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)
CACHE = {"elastiCache": {"endpoint": "cache.example.com:6379"}}
OUTSIDE = {
    "onlineStore": CACHE,
    "registry": {"s3": {"path": "s3://bucket/registry.db"}},
    "artifacts": "s3://bucket/features",
}
APPLIED = {"applyRun": {"job": "apply", "result": "Succeeded"}}
NOTHING = DeletionObserved(NOW)


def store(status: dict[str, Any] | None = None, **spec: Any) -> Any:
    complete = {"deletionPolicy": "Teardown", **OUTSIDE, **spec}
    return feature_store(status=APPLIED if status is None else status, **complete)


def with_job(state: JobState, reason: str = "", message: str = "") -> DeletionObserved:
    name = job_name(store(), teardown_job(store()))
    return replace(
        NOTHING, outcomes={name: Outcome(state, reason, message, result("teardown", keys=3))}
    )


def said(decision: DeletionDecision) -> tuple[str, str]:
    """Return the reason and message of `Deleting`; `Ready` says the same."""
    assert decision.status is not None
    ready, *_, deleting = decision.status.conditions
    assert (ready.type, ready.status, ready.reason) == ("Ready", "False", deleting.reason)
    assert (deleting.type, deleting.status) == ("Deleting", "True")
    return deleting.reason, deleting.message


def test_a_job_removes_the_data_and_then_the_deletion_is_complete() -> None:
    first = decide(store(), NOTHING)
    assert first.to_start is not None
    assert (first.to_start.name, first.is_complete) == ("teardown", False)
    assert said(first)[0] == "TearingDown"

    assert decide(store(), with_job(JobState.RUNNING)).to_start is None
    last = decide(store(), with_job(JobState.SUCCEEDED))
    assert last.is_complete
    left = store().model_copy(update={"status": last.status})
    assert decide(left, NOTHING).is_complete, "its Job may be deleted before it goes"


@pytest.mark.parametrize(
    "spec",
    [
        {"deletionPolicy": "Retain"},
        {"onlineStore": {"embedded": {}}, "registry": {"embedded": {}}},
    ],
    ids=["policy Retain", "everything is embedded"],
)
def test_a_deletion_without_data_to_remove_is_complete_at_once(spec: dict[str, Any]) -> None:
    assert decide(store(**spec), NOTHING).is_complete


def test_a_feature_store_that_has_never_started_an_apply_has_no_data() -> None:
    conflict = replace(NOTHING, conflict="project prod is taken")

    assert decide(store(status={}), conflict).is_complete
    assert not decide(store(status={}), replace(NOTHING, jobs=("apply",))).is_complete


@pytest.mark.parametrize(
    ("observed", "reason", "part"),
    [
        (replace(NOTHING, dependents=("a", "b")), "InUse", "ModelDeployments use it: a, b"),
        (
            replace(NOTHING, jobs=("plan-1",)),
            "StoppingJobs",
            "waiting for its Jobs to stop: plan-1",
        ),
        (replace(NOTHING, pods=("plan-1-x",)), "StoppingJobs", "plan-1-x"),
        (
            replace(NOTHING, conflict="project prod of FeatureStore ml/b"),
            "ProjectConflict",
            "FeatureStore ml/b",
        ),
        (
            replace(NOTHING, is_namespace_terminating=True),
            "NamespaceTerminating",
            "no Job can start",
        ),
    ],
)
def test_the_message_names_what_the_removal_waits_for_and_how_to_skip_it(
    observed: DeletionObserved, reason: str, part: str
) -> None:
    decision = decide(store(), observed)

    assert (decision.is_complete, decision.to_start) == (False, None)
    assert said(decision)[0] == reason
    assert part in said(decision)[1]
    assert """--patch '{"spec": {"deletionPolicy": "Retain"}}'""" in said(decision)[1]
    assert decision.requeue_at is not None


def test_jobs_that_could_still_write_are_deleted_first() -> None:
    decision = decide(store(), replace(NOTHING, jobs=("materialize-1",), pods=("p",)))

    assert decision.to_delete == ("materialize-1",)


def test_a_failed_teardown_says_why_and_is_retried_once_its_job_is_gone() -> None:
    failed = with_job(JobState.FAILED, "OnlineStoreUnreachable", "cache:6379 does not answer")
    decision = decide(store(), failed)
    assert said(decision)[0] == "OnlineStoreUnreachable"
    assert "cache:6379 does not answer; it is retried within 5 minutes" in said(decision)[1]
    assert decision.status is not None

    left = store().model_copy(update={"status": decision.status})
    assert decide(left, failed).to_start is None
    assert decide(left, NOTHING).to_start is not None


def test_a_changed_spec_retries_a_failed_teardown_at_once() -> None:
    failed = with_job(JobState.FAILED, "OnlineStoreRefused")
    left = store().model_copy(update={"status": decide(store(), failed).status})
    metadata = left.metadata.model_copy(update={"generation": 4})

    decision = decide(left.model_copy(update={"metadata": metadata}), failed)

    assert decision.to_delete == tuple(failed.outcomes)


def test_the_status_stays_the_same_while_nothing_changes() -> None:
    status = decide(store(), with_job(JobState.RUNNING)).status
    later = replace(with_job(JobState.RUNNING), now=NOW.replace(hour=11))

    assert decide(store().model_copy(update={"status": status}), later).status == status


def test_the_job_outlives_its_owner_and_needs_neither_definitions_nor_the_embedded_valkey() -> None:
    registered = store(onlineStore={"embedded": {}})
    manifest = job(JobContext(registered, registered, "jobs:1"), teardown_job(registered))
    files = teardown_file(registered)

    for each in (manifest, files):
        assert "ownerReferences" not in each["metadata"]
        assert each["metadata"]["annotations"] == {"hotplate.dev/owner": "credit-scoring"}
    pod = manifest["spec"]["template"]["spec"]
    assert "initContainers" not in pod
    assert {each["name"] for each in pod["containers"][0]["env"]} == {
        "HOTPLATE_MANIFEST",
        "HOTPLATE_ARTIFACTS",
    }
    (volume,) = (each for each in pod["volumes"] if each["name"] == "resources")
    assert volume["projected"]["sources"][0]["configMap"]["name"] == files["metadata"]["name"]
