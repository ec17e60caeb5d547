"""Results that do not fit a termination message, on a real API server."""

from __future__ import annotations

import pytest

from hotplate.protocol.stored_results import pack, part, stored
from support import job_results
from support.api.resources import feature_store_document
from support.feast.many_views import view_names
from support.kubernetes.operator import DEFINITIONS, Body, Namespace

VIEWS = view_names(1000)
APPLIED = pack(job_results.result("apply", views=VIEWS))


def variable(pod: Body, name: str) -> str:
    """Return an environment variable of the pod."""
    (found,) = (each for each in pod["spec"]["containers"][0]["env"] if each["name"] == name)
    return str(found["value"])


def end_apply(ns: Namespace) -> None:
    """Play the kubelet of the apply: it has stored its result."""
    (pod,) = ns.until("the apply's pod", lambda: ns.job_pods("apply"))
    ns.end(pod, stored(APPLIED).to_json(), 0)


def end_part(ns: Namespace, pod: Body) -> None:
    """Play the kubelet of a Job that returns a part."""
    assert variable(pod, "HOTPLATE_RESULT") == stored(APPLIED).digest
    ns.end(pod, part(APPLIED, int(variable(pod, "HOTPLATE_RESULT_PART"))).to_json(), 0)


def result_pods(ns: Namespace, count: int) -> list[Body]:
    """Return the pods that read so many parts, once there are as many."""

    def all_of_them() -> list[Body] | None:
        found = ns.job_pods("result")
        return found if len(found) == count else None

    found: list[Body] = ns.until(f"{count} pods of Job result", all_of_them)
    return found


@pytest.mark.timeout(300)
def test_1000_views_are_in_status_and_none_is_lost(ns: Namespace) -> None:
    parts = stored(APPLIED).parts
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document())
        ns.start_valkey()
        ns.finish("plan")
        end_apply(ns)
        *first, last = result_pods(ns, parts)
        for pod in first:
            end_part(ns, pod)

        ns.until_condition("fs", "credit-scoring", "Applied", "Running")
        status = ns.get("fs", "credit-scoring")["status"]
        assert status["views"] == []
        assert "revision" not in status

        ns.delete("job", last["metadata"]["labels"]["batch.kubernetes.io/job-name"])
        ns.until("the part's pod is gone", lambda: ns.find("pod", last["metadata"]["name"]) is None)
        (again,) = result_pods(ns, 1)
        end_part(ns, again)
        ns.until_condition("fs", "credit-scoring", "Applied", "Succeeded")

        ns.until("two views are materialized", lambda: len(ns.job_pods("materialize")) == 2)
        status = ns.get("fs", "credit-scoring")["status"]
        assert [view["name"] for view in status["views"]] == VIEWS
        assert status["freshViews"] == "0/1000"


def test_a_part_that_cannot_be_read_is_why_the_apply_failed(ns: Namespace) -> None:
    with ns.operator():
        ns.apply(DEFINITIONS, feature_store_document())
        ns.start_valkey()
        ns.finish("plan")
        end_apply(ns)
        pod, *_ = result_pods(ns, stored(APPLIED).parts)
        failure = '{"result": "Failed", "reason": "ResultMissing", "message": "no artifact X"}'
        ns.fail_job(pod, failure)

        message = ns.until_condition("fs", "credit-scoring", "Applied", "ResultMissing")
        assert "its result cannot be read: no artifact X" in message
