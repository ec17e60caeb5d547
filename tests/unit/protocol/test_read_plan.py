"""Read plans: what one feature service reads of a project, and the names of its values."""

from dataclasses import replace

import pytest

from hotplate.protocol.read_plan import (
    FeaturePlan,
    JoinKey,
    ReadPlan,
    ReadPlanError,
    RefusedService,
    ServiceFeature,
    ServicePlan,
    ServiceRefusedError,
    ViewPlan,
    value_names,
)
from support.scoring.plan import read_plan

USER = (JoinKey("user", "INT64"),)


def view(name: str, *features: str) -> ViewPlan:
    return ViewPlan(name, USER, tuple(FeaturePlan(each, "INT64", "00") for each in features))


def plan(*served: str) -> ReadPlan:
    """Return a plan of two views with a feature `amount` each; `served` are view:feature."""
    pairs = (each.split(":") for each in served)
    service = ServicePlan("s", tuple(ServiceFeature(*pair) for pair in pairs))
    views = (view("payments", "amount", "fee"), view("profile", "income", "amount"))
    return ReadPlan("project", views, (), (service,))


def test_a_service_reads_its_features_and_no_namesake_of_another_view() -> None:
    part = plan("payments:amount").for_service("s")
    assert [(each.name, [f.name for f in each.features]) for each in part.views] == [
        ("payments", ["amount"])
    ]


def test_a_service_reads_what_its_on_demand_views_compute_from() -> None:
    alone = replace(
        read_plan(),
        feature_services=(ServicePlan("debt", (ServiceFeature("total_debt", "total_debt_due"),)),),
    )
    (read,) = alone.for_service("debt").views
    assert [each.name for each in read.features] == ["credit_card_due", "mortgage_due"]


def test_another_teams_view_or_feature_does_not_change_what_a_service_is() -> None:
    mine = plan("profile:income")
    theirs = replace(mine, views=(*mine.views, view("team", "income")))
    (payments, profile) = mine.views
    wider = replace(profile, features=(*profile.features, FeaturePlan("new", "INT64", "01")))
    widened = replace(mine, views=(payments, wider))
    hashes = {each.for_service("s").hash for each in (mine, theirs, widened)}
    assert len(hashes) == 1


def test_values_have_the_names_of_features_and_namesakes_their_full_names() -> None:
    names = value_names(
        plan("payments:amount", "profile:amount", "profile:income").for_service("s")
    )
    assert names == {
        ("payments", "amount"): "payments__amount",
        ("profile", "amount"): "profile__amount",
        ("profile", "income"): "income",
    }


def test_a_refused_service_is_named_with_its_reason_and_survives_json() -> None:
    refused = replace(
        plan("payments:fee"), refused_services=(RefusedService("t", "it aggregates"),)
    )
    read = ReadPlan.from_json(refused.to_json())
    assert read == refused
    with pytest.raises(ServiceRefusedError, match="feature service t cannot be served: it aggr"):
        read.for_service("t")


def test_a_plan_without_refused_services_has_the_bytes_it_always_had() -> None:
    assert b"refused" not in plan("payments:fee").to_json()


def test_json_of_another_release_is_refused_as_no_read_plan() -> None:
    old = read_plan().to_json().replace(b'"inputs":[{', b'"inputs":["due",{')
    with pytest.raises(ReadPlanError, match="not a read plan of this release, apply"):
        ReadPlan.from_json(old)
