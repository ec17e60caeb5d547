"""What is deleted or killed is back, and the end is the same."""

from collections import Counter

import pytest

from support.kubernetes.operator import Body
from support.kubernetes.release import NAME, OPERATOR, Release, decided
from support.scoring.bento import APPLICATION

pytestmark = [pytest.mark.pods, pytest.mark.timeout(900)]

STEPS = ("plan", "apply", "materialize", "train")
CHILDREN = ("deployment", "service", "poddisruptionbudget")
VALKEY = f"{NAME}-valkey"


def uid(release: Release, kind: str, name: str = NAME) -> str:
    body = release.find(kind, name)
    return str(body["metadata"]["uid"]) if body else ""


def jobs_since(release: Release, earlier: set[str]) -> list[Body]:
    jobs: list[Body] = release.get("jobs")["items"]
    return [job for job in jobs if job["metadata"]["name"] not in earlier]


def steps_of(jobs: list[Body]) -> Counter[str]:
    return Counter(job["metadata"]["labels"]["hotplate.dev/job"] for job in jobs)


def test_a_scoring_pod_that_is_deleted_is_replaced_and_the_other_one_answers(
    ready: Release,
) -> None:
    pods = ready.pods("app.kubernetes.io/component=scoring")
    ready.delete("pod", pods[0]["metadata"]["name"], "--grace-period=1")
    assert ready.score(APPLICATION)["decision"] in {"Approve", "Reject"}
    ready.wait_ready()


def test_children_that_are_deleted_by_hand_are_back(ready: Release) -> None:
    before = {kind: uid(ready, kind) for kind in CHILDREN}
    for kind in CHILDREN:
        ready.delete(kind, NAME)
    for kind in CHILDREN:
        ready.until(
            f"the {kind} is back", lambda kind=kind: uid(ready, kind) not in {"", before[kind]}
        )
    ready.until(
        "both pods are there again", lambda: ready.condition("md", NAME, "Ready")[0] == "True"
    )
    assert ready.score(APPLICATION)["decision"] in {"Approve", "Reject"}


def test_an_operator_that_is_killed_at_every_step_makes_what_a_new_valkey_lacks_once(
    ready: Release,
) -> None:
    """The embedded Valkey loses all it held: registry, features and model are made anew."""
    decision = decided([ready.score(APPLICATION)])
    earlier = {job["metadata"]["name"] for job in ready.get("jobs")["items"]}
    valkey = uid(ready, "pod", f"{VALKEY}-0")
    ready.cluster.kubectl(
        "rollout", "restart", f"statefulset/{VALKEY}", f"--namespace={ready.name}"
    )
    ready.until("a new Valkey", lambda: uid(ready, "pod", f"{VALKEY}-0") not in {"", valkey})
    for step in STEPS:
        ready.until(f"Job {step}", lambda step=step: steps_of(jobs_since(ready, earlier))[step])
        ready.kill_operator()

    ready.until("the model is trained", lambda: trained(ready, earlier), seconds=240)
    ready.wait_ready()
    jobs = jobs_since(ready, earlier)
    assert not [job["metadata"]["name"] for job in jobs if job["status"].get("failed")]
    made = steps_of(jobs)
    assert {step: made[step] for step in ("plan", "apply", "train")} == dict.fromkeys(
        ("plan", "apply", "train"), 1
    )
    assert decided([ready.score(APPLICATION)]) == decision
    assert len(ready.pods(OPERATOR)) == 1


def trained(release: Release, earlier: set[str]) -> bool:
    """Tell whether the training since then has ended well, and its model is the one that serves."""
    (job, *_) = [
        job["metadata"]["name"]
        for job in jobs_since(release, earlier)
        if job["metadata"]["labels"]["hotplate.dev/job"] == "train"
    ]
    run = release.get("md", NAME)["status"]["training"]["run"]
    return bool(run["job"] == job and run["result"] == "Succeeded")
