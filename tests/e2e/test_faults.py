"""What fails in a pod is told in a condition, with what to do, and is over when it is mended."""

import pytest

from support.api.resources import feature_store_document
from support.kubernetes.operator import Body
from support.kubernetes.release import JOBS_IMAGE, NAME, Release
from support.scoring.bento import APPLICATION

pytestmark = [pytest.mark.pods, pytest.mark.timeout(600)]

SMALL, CACHE = "small", "cache"
SERVER = ["valkey-server", "--protected-mode", "no", "--save", ""]
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
def cache(ready: Release) -> str:
    """The address of a Valkey that is not the operator's."""
    labels = {"app": CACHE}
    ready.run_pod(CACHE, SERVER, "hotplate/valkey:0.1.0", labels)
    spec = {"selector": labels, "ports": [{"port": 6379}]}
    ready.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": CACHE}, "spec": spec})
    ready.wait_pod(CACHE, "Running")
    return f"{CACHE}:6379"


def small_store(cache: str, memory: str) -> Body:
    """Return a FeatureStore with one view, whose Job may use that much memory."""
    view = {"name": "zipcode_features", "resources": {"limits": {"memory": memory}}}
    return feature_store_document(
        SMALL,
        project=SMALL,
        definitions={"image": {"path": "/feature_repo"}},
        jobs={"image": JOBS_IMAGE},
        onlineStore={
            "elastiCache": {"endpoint": cache, "mode": "Standalone", "tls": {"enabled": False}}
        },
        materialization={"views": [view], "onFailure": {"retries": 0}},
        deletionPolicy="Teardown",
    )


def keys(release: Release, cache: str) -> int:
    """Return how many keys a cache has."""
    code = "import redis, sys; print(redis.Redis.from_url(sys.argv[1]).dbsize())"
    return int(release.execute(f"deployment/{NAME}", "python", "-c", code, f"redis://{cache}"))


def test_a_job_without_the_memory_it_needs_says_so_and_what_was_made_can_be_torn_down(
    ready: Release, cache: str
) -> None:
    ready.apply(small_store(cache, memory="64Mi"))
    ready.until_condition("fs", SMALL, "Materialized", "JobFailed")
    message = ready.condition("fs", SMALL, "Ready")[2]
    assert "OOMKilled" in message
    assert "raise the memory limit" in message

    ready.apply(small_store(cache, memory="2Gi"))
    ready.until_condition("fs", SMALL, "Ready", "Ready")
    assert keys(ready, cache) > 28_000

    ready.delete("fs", SMALL, "--timeout=120s")
    assert keys(ready, cache) == 0
    children = "statefulsets,services,configmaps,jobs,pods"
    own = f"--selector=app.kubernetes.io/instance={SMALL}"
    ready.until("its children are gone", lambda: not ready.get(children, own)["items"])
    ready.delete("pod,service", CACHE, "--wait=false")
