from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from rich.console import Console

from hotplate.cli.render.checks import show_checks
from hotplate.cli.render.plan import (
    became_of,
    show_changes,
    show_plan,
    show_services,
    show_summary,
)
from hotplate.cli.render.stores import show_resources
from hotplate.cli.render.text import show_unready
from hotplate.protocol.plans import FieldChange, ObjectChange
from support.api.resources import feature_store, model_deployment

NOW = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)
DIGEST = "sha256:" + "0a" * 32
TIME = "2026-11-24T09:00:00Z"


def printed(show: Callable[..., None], *arguments: Any) -> list[str]:
    """Return the lines that a function prints on a wide terminal."""
    output = StringIO()
    show(*arguments, Console(file=output, width=200))
    return [line.rstrip() for line in output.getvalue().splitlines()]


def ready(status: str, generation: int, message: str = "") -> dict[str, Any]:
    return {
        "type": "Ready",
        "status": status,
        "reason": "Ready" if status == "True" else "JobFailed",
        "message": message,
        "observedGeneration": generation,
        "lastTransitionTime": TIME,
    }


def test_a_view_shows_its_watermark_its_staleness_and_why_its_job_failed() -> None:
    run = {"job": "materialize-a", "result": "OOMKilled", "message": "raise the memory limit"}
    views = [
        {"name": "a", "lastRun": run},
        {"name": "b", "watermark": TIME, "rows": 1200, "lastRun": run | {"result": "Succeeded"}},
    ]
    store = feature_store(status={"views": views})

    lines = printed(show_resources, [store], [], NOW)

    assert lines[0].startswith("credit-scoring: no operator has reconciled it yet")
    assert [line.split() for line in lines[2:4]] == [
        ["a", "never"],
        ["b", "2026-11-24", "09:00:00", "1:07:00", "1,200"],
    ]
    assert lines[4:] == ["  a: Job materialize-a: OOMKilled: raise the memory limit"]


def test_a_condition_of_an_older_spec_is_shown_as_such() -> None:
    status = {"observedGeneration": 1, "conditions": [ready("False", 1, "Job [plan] failed")]}
    store = feature_store(status=status)
    newer = store.metadata.model_copy(update={"generation": 2})

    (line,) = printed(show_resources, [store.model_copy(update={"metadata": newer})], [], NOW)

    assert line == (
        "credit-scoring: not ready, JobFailed: Job [plan] failed"
        " (the operator has not reconciled the last change)"
    )


def test_a_deployment_whose_feature_store_is_missing_is_shown_under_its_name() -> None:
    lines = printed(show_resources, [], [model_deployment()], NOW)

    assert lines[0] == "credit-scoring: no such FeatureStore"
    assert lines[1].startswith("  ModelDeployment credit-scoring: no operator has reconciled it")


def test_a_deployment_is_shown_once_under_its_feature_store() -> None:
    lines = printed(show_resources, [feature_store()], [model_deployment()], NOW)

    assert [line.split(":")[0] for line in lines] == [
        "credit-scoring",
        "  ModelDeployment credit-scoring",
    ]


def test_metrics_are_those_of_the_training_that_made_the_model() -> None:
    training = {"run": {"job": "t", "result": "Succeeded"}, "metrics": {"roc_auc": 0.81}}
    status = {"model": {"version": "m:1", "artifact": DIGEST}}
    made, external = (
        model_deployment(status=status | {"training": training | {"version": version}})
        for version in ("m:1", "m:2")
    )

    assert printed(show_resources, [], [made], NOW)[1] == "  model m:1 (roc_auc 0.81)"
    assert printed(show_resources, [], [external], NOW)[1] == "  model m:1"


def test_a_plan_that_is_blocked_says_how_it_is_approved() -> None:
    plan = {"hash": DIGEST, "create": 1, "delete": 3, "summary": ["delete view [a]"]}
    store = feature_store(status={"plan": plan}, apply={"maxDeletions": 2})
    approved = feature_store(status={"plan": plan}, apply={"maxDeletions": 2, "approve": DIGEST})

    blocked = (
        "It has 3 destructive changes, more than spec.apply.maxDeletions (2), and is blocked until"
        f" spec.apply.approve is {DIGEST}"
    )
    counts = ["1 to create, 0 to update, 3 to delete"]
    assert printed(show_plan, approved.status.plan, approved.spec.apply) == counts
    assert printed(show_plan, store.status.plan, store.spec.apply) == [*counts, blocked]


def test_a_plan_shows_every_service_that_cannot_be_served_and_models_that_name_none() -> None:
    reported = [
        {"name": "a", "servable": True},
        {"name": "b", "servable": False, "reason": "it renames feature view v; it aggregates"},
    ]
    services = feature_store(status={"services": reported}).status.services
    model = model_deployment("loans", featureService="c")

    assert printed(show_services, services, [model]) == [
        "feature service b cannot be served: it renames feature view v; it aggregates",
        (
            "ModelDeployment loans names feature service c, which the definitions do not have;"
            " they have: a, b"
        ),
    ]
    assert printed(show_services, services, [model_deployment("m", featureService="a")])[1:] == []


def test_a_whole_plan_shows_what_goes_and_what_comes() -> None:
    text = "name: visits\ntype: {}\ntags: a\n"
    field = FieldChange("features", text.format("INT64"), text.format("STRING"))
    changes = [
        ObjectChange("create", "entity", "person"),
        ObjectChange("update", "feature view", "habits", (field,)),
        ObjectChange("delete", "feature service", "[risk]"),
    ]

    assert printed(show_changes, changes) == [
        "+ entity person",
        "~ feature view habits",
        "    features:",
        "      ...",
        "       name: visits",
        "      -type: INT64",
        "      +type: STRING",
        "       tags: a",
        "- feature service [risk]",
    ]


def test_the_first_lines_of_a_plan_say_where_the_whole_of_it_is() -> None:
    plan = feature_store(
        status={"plan": {"hash": DIGEST, "summary": ["create view a"]}}
    ).status.plan

    where = f"The whole plan is artifact {DIGEST} in s3://bucket/artifacts"
    assert printed(show_summary, plan, "s3://bucket/artifacts") == ["create view a", where]
    assert printed(show_summary, plan, None) == ["create view a"]


def test_a_plan_is_followed_by_whether_it_is_applied() -> None:
    plan = {"hash": DIGEST}
    revision = {"id": "1f1f", "planHash": DIGEST, "readPlan": DIGEST, "appliedAt": TIME}
    older = revision | {"planHash": "sha256:older"}
    blocked = ready("False", 1, "3 deletions") | {"type": "Applied", "reason": "ApplyBlocked"}

    assert became_of(feature_store(status={"plan": plan, "revision": revision})) == (
        "Applied at 2026-11-24 09:00:00 UTC, revision 1f1f"
    )
    waiting = {"plan": plan, "revision": older, "conditions": [blocked]}
    assert became_of(feature_store(status=waiting)) == "Not applied: ApplyBlocked: 3 deletions"


def test_stores_without_checks_have_nothing_to_check() -> None:
    assert printed(show_checks, []) == ["Nothing to check: every store is embedded or a file."]


def test_a_local_run_shows_why_a_resource_is_not_ready_and_nothing_of_one_that_is() -> None:
    waits = feature_store(status={"conditions": [ready("False", 1, "Job j failed [1]")]}).status
    serves = model_deployment(status={"conditions": [ready("True", 1)]}).status

    assert printed(show_unready, "FeatureStore", waits) == [
        "  FeatureStore: not ready, JobFailed: Job j failed [1]"
    ]
    assert printed(show_unready, "ModelDeployment", serves) == []
