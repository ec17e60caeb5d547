import re
from datetime import UTC, datetime
from typing import Any, cast

from hotplate.api.v1alpha1.conditions import Condition, ConditionStatus, ConditionType
from hotplate.controller.kube.client import Cluster
from hotplate.controller.status_writer import event, write_problem
from hotplate.decide.conditions.transitions import FALSE, ConditionDraft
from support.api.resources import feature_store

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def condition(
    status: ConditionStatus, message: str = "", reason: str = "ApplyBlocked"
) -> Condition:
    return Condition(
        type="Applied",
        status=status,
        reason=reason,
        message=message,
        last_transition_time=NOW,
    )


def test_an_event_names_its_resource_and_the_condition_that_transitioned() -> None:
    found = event(feature_store(), condition(ConditionStatus.FALSE, "3 deletions"))

    assert found["type"] == "Warning"
    assert found["reason"] == "ApplyBlocked"
    assert found["message"] == "Applied is False: 3 deletions"
    assert found["involvedObject"]["uid"] == feature_store().metadata.uid


def test_good_news_is_no_warning() -> None:
    found = event(feature_store(), condition(ConditionStatus.TRUE))

    assert (found["type"], found["message"]) == ("Normal", "Applied is True")


def test_a_condition_that_resolves_itself_is_no_warning() -> None:
    assert event(feature_store(), condition(ConditionStatus.FALSE, reason="Running"))["type"] == (
        "Normal"
    )


def test_the_same_transition_has_the_same_event_so_that_it_is_sent_once() -> None:
    transition = condition(ConditionStatus.TRUE)

    assert event(feature_store(), transition) == event(feature_store(), transition)


def test_an_event_fits_whatever_the_message_and_the_name() -> None:
    found = event(feature_store("a" * 253), condition(ConditionStatus.FALSE, "x" * 4000))

    assert len(found["message"]) <= 1024
    assert re.fullmatch(r"[a-z0-9-]{1,253}", found["metadata"]["name"])


class Written:
    """Stands in for the API server: the statuses that were written."""

    def __init__(self) -> None:
        self.statuses: list[dict[str, Any]] = []

    async def apply_status(self, manifest: dict[str, Any]) -> None:
        self.statuses.append(manifest["status"])


async def problem(status: dict[str, Any], generation: int = 2) -> list[dict[str, Any]]:
    """Report an invalid spec of a resource that has the status; return what was written."""
    metadata = {"name": "a", "namespace": "ml", "generation": generation}
    body = {"apiVersion": "v1", "kind": "FeatureStore", "metadata": metadata, "status": status}
    draft = ConditionDraft(ConditionType.READY, FALSE, "InvalidSpec", "spec.project: too long")
    written = Written()
    await write_problem(cast("Cluster", written), body, draft, NOW)
    return written.statuses


async def test_a_problem_is_ready_and_stalled_and_leaves_the_other_conditions() -> None:
    known = condition(ConditionStatus.TRUE).model_dump(mode="json", by_alias=True)

    (status,) = await problem({"conditions": [known], "revision": {"id": "1"}})

    types = [(each["type"], each["observedGeneration"]) for each in status["conditions"]]
    assert types == [("Ready", 2), ("Applied", 0), ("Stalled", 2)]
    assert (status["observedGeneration"], status["revision"]) == (2, {"id": "1"})


async def test_a_known_problem_is_not_written_again() -> None:
    (status,) = await problem({})

    assert await problem(status) == []
    assert len(await problem(status, generation=3)) == 1
