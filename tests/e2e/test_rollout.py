"""A new revision takes over under load, and no request fails."""

import json
from pathlib import Path

import pytest

from support.kubernetes.operator import Body
from support.kubernetes.release import NAME, Release
from support.scoring import load_from_a_pod as load
from support.scoring.bento import APPLICATION

pytestmark = [pytest.mark.pods, pytest.mark.timeout(600)]

SCORING = "hotplate.dev/owner-kind=ModelDeployment,app.kubernetes.io/component=scoring"
STOP = "/tmp/stop"
REQUESTS_PER_SECOND = 15
SECONDS = 240
REPLICAS = 2


@pytest.fixture
def load_pod(ready: Release) -> str:
    """A pod that posts to the Service until it is told to stop."""
    name, code = "load", Path(load.__file__).read_text()
    url, body = f"http://{NAME}/score", json.dumps(APPLICATION)
    limits = [str(REQUESTS_PER_SECOND), str(SECONDS), STOP]
    ready.run_pod(name, ["python", "-c", code, url, body, *limits])
    ready.wait_pod(name, "Running")
    return name


def scoring_pods(release: Release) -> set[str]:
    return {pod["metadata"]["name"] for pod in release.pods(SCORING)}


def test_a_new_revision_takes_over_without_a_failed_request(ready: Release, load_pod: str) -> None:
    before = scoring_pods(ready)
    ready.patch("md", NAME, {"spec": {"decisionLog": {"sampleRate": 0.5}}})
    ready.until(
        "the pods of the earlier revision are gone",
        lambda: len(now := scoring_pods(ready)) == REPLICAS and not now & before,
        seconds=SECONDS - 60,
    )
    ready.wait_ready()
    assert ready.get("pod", load_pod)["status"]["phase"] == "Running", "the load ended too early"

    ready.execute(load_pod, "touch", STOP)
    ready.wait_pod(load_pod, "Succeeded")
    counted: Body = json.loads(ready.cluster.kubectl("logs", load_pod, f"--namespace={ready.name}"))
    assert counted["failed"] == {}
    assert counted["answered"] > 10 * REQUESTS_PER_SECOND
    ready.delete("pod", load_pod)
