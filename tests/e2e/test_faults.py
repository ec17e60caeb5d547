"""What fails in a pod is told in a condition, with what to do, and is over when it is mended."""

import pytest

from operator_world import Body
from release_world import APPLICATION, JOBS_IMAGE, NAME, Release
from resources import feature_store_document

pytestmark = [pytest.mark.pods, pytest.mark.timeout(600)]

SMALL = "small"
IMAGE = "hotplate/credit-scoring:0.1.0"
MISSING = "127.0.0.1:1/credit-scoring:0.1.0"  # nothing listens there


def test_an_image_that_cannot_be_pulled_is_named_and_the_earlier_revision_serves_on(
    ready: Release,
) -> None:
    ready.patch("md", NAME, {"spec": {"bento": {"image": MISSING}}})
    message = ready.until("the condition says so", lambda: image_problem(ready), seconds=180)
    assert "check its name and imagePullSecrets" in message
    assert ready.score(APPLICATION)["decision"] in {"Approve", "Reject"}

    ready.patch("md", NAME, {"spec": {"bento": {"image": IMAGE}}})
    ready.until_condition("md", NAME, "Progressing", "RolloutComplete")
    ready.wait_ready()


def image_problem(release: Release) -> str:
    _, reason, message = release.condition("md", NAME, "Progressing")
    return message if reason == "RollingOut" and "image cannot be pulled" in message else ""


@pytest.fixture
def small_view() -> Body:
    """A FeatureStore with a view whose Job has less memory than it needs."""
    limits = {"limits": {"memory": "64Mi"}}
    return feature_store_document(
        SMALL,
        definitions={"image": {"path": "/feature_repo"}},
        jobs={"image": JOBS_IMAGE},
        materialization={
            "views": [{"name": "zipcode_features", "resources": limits}],
            "onFailure": {"retries": 0},
        },
    )


def test_a_job_that_needs_more_memory_than_it_may_use_says_so_and_leaves_nothing_behind(
    ready: Release, small_view: Body
) -> None:
    ready.apply(small_view)
    ready.until_condition("fs", SMALL, "Materialized", "JobFailed")
    _, reason, message = ready.condition("fs", SMALL, "Ready")
    assert reason == "JobFailed"
    assert "OOMKilled" in message
    assert "raise the memory limit" in message

    ready.delete("fs", SMALL, "--timeout=60s")
    kinds = "statefulsets,services,configmaps,jobs,pods"
    own = f"--selector=app.kubernetes.io/instance={SMALL}"
    ready.until("its children are gone", lambda: not ready.get(kinds, own)["items"])
