"""A Deployment's body and its pods become what serves, and why one does not start."""

from __future__ import annotations

from typing import Any

from hotplate.controller.observe.serving import serving
from hotplate.decide.observed import Serving
from support.api.resources import model_deployment

IMAGE = "hotplate/serving:0.1.0"


def observed(*pods: dict[str, Any], generation: int = 1, **status: Any) -> Serving:
    """Return what serves by a Deployment of two pods, all available but for these fields."""
    body = {
        "metadata": {"generation": generation},
        "spec": {
            "replicas": 2,
            "template": {"spec": {"containers": [{"name": "bento", "image": IMAGE}]}},
        },
        "status": {
            "observedGeneration": 1,
            "replicas": 2,
            "updatedReplicas": 2,
            "availableReplicas": 2,
            **status,
        },
    }
    found = serving(model_deployment(), body, pods)
    assert found is not None
    return found


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "scoring-1"}, "status": status}


def bento(**status: Any) -> dict[str, Any]:
    return pod(containerStatuses=[{"name": "bento", "ready": False, **status}])


def test_nothing_serves_without_a_deployment() -> None:
    assert serving(model_deployment(), None, []) is None


def test_available_pods_of_the_newest_template_are_complete() -> None:
    found = observed()

    assert (found.image, found.url) == (IMAGE, "http://credit-scoring.ml.svc")
    assert (found.available, found.ready, found.wanted, found.replicas) == (2, 2, 2, 2)
    assert found.is_complete
    assert (found.problem, found.stuck) == ("", "")


def test_the_status_of_an_older_generation_counts_no_pod_as_available() -> None:
    found = observed(generation=2)

    assert (found.available, found.is_complete) == (0, False)


def test_a_pod_whose_process_ended_shows_its_last_output() -> None:
    ended = {"reason": "Error", "exitCode": 1, "message": "error: the model is corrupt"}
    found = observed(
        bento(lastState={"terminated": ended}),
        replicas=3,
        updatedReplicas=1,
        conditions=[{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}],
    )

    assert found.stuck == "pod scoring-1: Error: error: the model is corrupt"
    assert not found.is_complete


def test_a_pod_that_no_node_takes_shows_why() -> None:
    unschedulable = {"reason": "Unschedulable", "message": "claim bentos not found"}
    found = observed(pod(conditions=[unschedulable]), availableReplicas=1)

    assert found.problem.startswith("pod scoring-1: Unschedulable: claim bentos not found: no node")
    assert (found.available, found.stuck) == (1, "")


def test_an_image_that_cannot_be_pulled_is_named_with_what_to_do() -> None:
    waiting = {"reason": "ErrImagePull", "message": "no such image"}
    found = observed(bento(state={"waiting": waiting}), availableReplicas=1)

    assert found.problem == (
        "pod scoring-1: ImagePullBackOff: no such image: the image cannot be pulled: check its"
        " name and imagePullSecrets"
    )


def test_pods_that_a_quota_refuses_are_reported() -> None:
    refused = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}
    found = observed(conditions=[refused], updatedReplicas=0, availableReplicas=0)

    assert found.problem == "exceeded quota: small"
