from datetime import UTC, datetime
from typing import Any

import pytest

from hotplate.api.v1alpha1 import names
from hotplate.controller.observe.job_outcome import outcome
from hotplate.decide.observed import JobState
from hotplate.protocol.job_results import parse_result
from support.job_results import document
from support.kubernetes.job_bodies import completed, failed, job_body, pod_body, result

MATERIALIZED = document("materialize", rows=7)
PARSED = parse_result("materialize", MATERIALIZED)


def test_a_job_without_pods_is_pending() -> None:
    found = outcome(job_body(), [])

    assert (found.state, found.reason) == (JobState.RUNNING, "Pending")


def test_the_result_of_a_job_that_ended_well_is_its_last_line() -> None:
    found = outcome(completed(), [pod_body("noise\n" + result(**MATERIALIZED))])

    assert found.state is JobState.SUCCEEDED
    assert found.result == PARSED
    assert found.finished == datetime(2026, 11, 24, 0, 1, tzinfo=UTC)


def test_the_commit_is_what_the_init_container_checked_out() -> None:
    commit = "1f3c9a0b" * 5
    init = result(result="Resolved", commit=commit)
    found = outcome(completed(), [pod_body(result(**MATERIALIZED), init=init)])

    assert found.commit == commit


def test_the_pod_that_succeeded_counts_not_those_that_failed_before() -> None:
    pods = [pod_body("Traceback", exit_code=1), pod_body(result(**MATERIALIZED))]

    assert outcome(completed(), pods).result == PARSED


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", "NoResult"),
        ("hello", "InvalidResult"),
        ("[1]", "InvalidResult"),
        ('{"result": "Materialized"}', "InvalidResult"),
        ('{"end": "2026-11-24T00:00:00Z", "rows": "many"}', "InvalidResult"),
    ],
)
def test_a_job_that_wrote_no_result_failed(message: str, reason: str) -> None:
    found = outcome(completed(), [pod_body(message)])

    assert (found.state, found.reason) == (JobState.FAILED, reason)
    assert "is its image of Hotplate's version?" in found.message


def test_a_refusal_keeps_the_job_s_own_reason_and_words() -> None:
    text = result(result="Failed", reason="GateFailed", message="roc_auc 0.61 is below 0.75")

    found = outcome(failed(), [pod_body(text, exit_code=1)])

    assert (found.reason, found.message) == ("GateFailed", "roc_auc 0.61 is below 0.75")


def test_a_crash_shows_its_last_lines() -> None:
    log = "\n".join(f"line {number}" for number in range(9))

    found = outcome(failed(), [pod_body(log, exit_code=2)])

    assert (found.reason, found.message) == (
        "JobFailed",
        "line 4; line 5; line 6; line 7; line 8",
    )


def test_a_crash_without_a_word_shows_its_exit_code() -> None:
    assert outcome(failed(), [pod_body(exit_code=3)]).message == "exit code 3, no output"


def test_a_pod_that_took_too_much_memory_says_so_with_a_hint() -> None:
    found = outcome(failed(), [pod_body("reading", exit_code=137, reason="OOMKilled")])

    assert found.reason == "OOMKilled"
    assert found.message.startswith("reading: raise the memory limit")


def test_an_evicted_pod_has_the_kubelets_message() -> None:
    pod = pod_body(exit_code=137)
    pod["status"] |= {"reason": "Evicted", "message": "The node was low on resource: memory."}

    found = outcome(failed(), [pod])

    assert found.reason == "Evicted"
    assert "low on resource: memory" in found.message
    assert "set requests" in found.message


@pytest.mark.parametrize(
    ("job", "hint"),
    [
        ("materialize", "raise spec.materialization.onFailure.deadline, or materialize smaller"),
        ("train", "raise spec.training.onFailure.deadline"),
        ("plan", "its log says what it waited for"),
    ],
)
def test_a_job_past_its_deadline_says_which_field_to_raise(job: str, hint: str) -> None:
    body = failed(reason="DeadlineExceeded")
    body["metadata"]["labels"] = {names.JOB_LABEL: job}
    found = outcome(body, [pod_body(exit_code=143)])

    assert found.reason == "DeadlineExceeded"
    assert hint in found.message


def test_a_failed_job_whose_pods_are_gone_still_failed() -> None:
    found = outcome(failed(), [])

    assert (found.state, found.reason) == (JobState.FAILED, "BackoffLimitExceeded")


def test_a_checkout_that_fails_has_its_own_reason() -> None:
    pod = pod_body(exit_code=1)
    text = result(result="Failed", reason="GitAccessDenied", message="check the Secret")
    terminated = {"exitCode": 1, "reason": "Error", "message": text}
    pod["status"] = {
        "initContainerStatuses": [{"name": "definitions", "state": {"terminated": terminated}}]
    }

    found = outcome(failed(), [pod])
    assert (found.reason, found.message) == ("GitAccessDenied", "check the Secret")


def test_definitions_that_cannot_be_fetched_have_gits_message() -> None:
    pod = pod_body(exit_code=1)
    terminated = {"exitCode": 128, "reason": "Error", "message": "fatal: couldn't find remote ref"}
    pod["status"] = {
        "phase": "Failed",
        "initContainerStatuses": [{"name": "definitions", "state": {"terminated": terminated}}],
    }

    found = outcome(failed(), [pod])

    assert (found.reason, found.message) == (
        "DefinitionsFailed",
        "fatal: couldn't find remote ref",
    )


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "CreateContainerConfigError"])
def test_a_pod_that_cannot_start_says_why_while_it_waits(reason: str) -> None:
    waiting = {"name": "job", "state": {"waiting": {"reason": reason, "message": "hotplate/x:1"}}}
    pod: dict[str, Any] = pod_body()
    pod["status"] = {"phase": "Pending", "containerStatuses": [waiting]}

    found = outcome(job_body(), [pod])

    assert (found.state, found.reason) == (JobState.RUNNING, reason)
    assert found.message.startswith("hotplate/x:1: ")


def test_the_kubelet_s_tries_of_an_image_are_one_reason_in_the_same_words() -> None:
    said = "failed to pull image: not found"
    words = (
        ("ErrImagePull", said),
        ("ImagePullBackOff", f'Back-off pulling image "x:1": ErrImagePull: {said}'),
    )

    found = [outcome(job_body(), [waiting_pod(*each)]) for each in words]

    assert {(each.reason, each.message) for each in found} == {
        (
            "ImagePullBackOff",
            f"{said}: the image cannot be pulled: check its name and imagePullSecrets",
        )
    }


def waiting_pod(reason: str, message: str) -> dict[str, Any]:
    waiting = {"name": "job", "state": {"waiting": {"reason": reason, "message": message}}}
    pod: dict[str, Any] = pod_body()
    pod["status"] = {"phase": "Pending", "containerStatuses": [waiting]}
    return pod


def test_a_pod_that_no_node_takes_says_why() -> None:
    condition = {"type": "PodScheduled", "reason": "Unschedulable", "message": "0/1 nodes: cpu"}
    pod = pod_body()
    pod["status"] = {"phase": "Pending", "conditions": [condition]}

    assert outcome(job_body(), [pod]).message.startswith("0/1 nodes: cpu: no node takes the pod")
