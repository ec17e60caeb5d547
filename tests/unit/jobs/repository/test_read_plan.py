"""The read plan of Feast's objects: what it holds of them, and which services it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from feast import Entity, FeatureService, FeatureView, Field, FileSource, RequestSource, ValueType
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Float64, Int64

from hotplate.jobs.repository.read_plan import Definitions, read_plan
from hotplate.protocol.read_plan import OnDemandInput, ReadPlan

USER = Entity(name="user", value_type=ValueType.INT64)
ASKED = RequestSource(name="asked", schema=[Field(name="amount", dtype=Float64)])


def view(name: str, *features: str, **options: Any) -> FeatureView:
    given: dict[str, Any] = {
        "name": name,
        "entities": [USER],
        "ttl": timedelta(days=60),
        "schema": [Field(name=each, dtype=Float64) for each in features]
        + [Field(name="user", dtype=Int64)],
        "source": FileSource(name=name, path=f"{name}.parquet", timestamp_field="at"),
    }
    return FeatureView(**given | options)


PROFILE, PAYMENTS = view("profile", "income", "amount"), view("payments", "amount")


def on_demand(sources: list[Any], **options: Any) -> Any:
    given = {"mode": "python", "singleton": True, **options}

    @on_demand_feature_view(sources=sources, schema=[Field(name="ratio", dtype=Float64)], **given)
    def burden(inputs: dict[str, Any]) -> dict[str, Any]:
        """Divide."""
        return {"ratio": inputs["amount"] / inputs["income"]}

    return burden


def planned(*services: FeatureService, on_demand_views: tuple[Any, ...] = ()) -> ReadPlan:
    offline = view("archive", "j", online=False)
    definitions = Definitions((PROFILE, PAYMENTS, offline), on_demand_views, services)
    return read_plan(definitions, "project")


def refusal(*features: Any, on_demand_views: tuple[Any, ...] = ()) -> str:
    """Return why a service of those features is refused, while another one is served."""
    refused = FeatureService(name="refused", features=[*features])
    other = FeatureService(name="other", features=[PAYMENTS])
    plan = planned(refused, other, on_demand_views=on_demand_views)
    assert [each.name for each in plan.feature_services] == ["other"]
    (found,) = plan.refused_services
    assert found.name == "refused"
    return found.reason


def test_the_inputs_of_an_on_demand_view_know_their_view() -> None:
    burden = on_demand([PROFILE[["income"]], ASKED])
    service = FeatureService(name="s", features=[burden])
    (found,) = planned(service, on_demand_views=(burden,)).on_demand_views
    assert found.inputs == (
        OnDemandInput("income", "profile", "income"),
        OnDemandInput("profile__income", "profile", "income"),
        OnDemandInput("amount"),
    )


def test_a_name_of_a_request_field_and_of_a_feature_is_the_request_s() -> None:
    burden = on_demand([PROFILE, ASKED])
    service = FeatureService(name="s", features=[burden])
    (found,) = planned(service, on_demand_views=(burden,)).on_demand_views
    named = {each.name: each.view for each in found.inputs}
    assert named == {
        "income": "profile",
        "profile__income": "profile",
        "profile__amount": "profile",
        "amount": "",
    }


def test_a_name_that_two_views_share_is_an_input_by_full_name_only() -> None:
    burden = on_demand([PROFILE, PAYMENTS])
    reason = refusal(burden, on_demand_views=(burden,))
    assert "KeyError('amount')" in reason


def test_features_of_one_name_in_two_views_are_both_served() -> None:
    plan = planned(FeatureService(name="s", features=[PROFILE, PAYMENTS]))
    assert [each.name for each in plan.feature_services] == ["s"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"singleton": False}, "not a Python function of one row"),
        ({"write_to_online_store": True, "entities": [USER]}, "write_to_online_store=False"),
    ],
)
def test_an_on_demand_view_that_nobody_computes_refuses_its_service_alone(
    options: dict[str, Any], reason: str
) -> None:
    burden = on_demand([PROFILE], **options)
    assert reason in refusal(PROFILE, burden, on_demand_views=(burden,))


def test_an_on_demand_view_in_feasts_default_mode_refuses_its_service_alone() -> None:
    @on_demand_feature_view(sources=[PROFILE], schema=[Field(name="twice", dtype=Float64)])
    def doubled(frame: pd.DataFrame) -> pd.DataFrame:
        """Double."""
        return pd.DataFrame({"twice": frame["income"] * 2})

    reason = refusal(PROFILE, doubled, on_demand_views=(doubled,))
    assert "doubled cannot be served: it is not a Python function of one row" in reason


def test_a_view_that_is_not_online_refuses_its_service() -> None:
    archive = view("archive", "j", online=False)
    assert refusal(PROFILE, archive) == (
        "it reads feature view archive, which has online=False: set online=True"
    )


def test_a_view_that_is_not_online_refuses_a_service_that_computes_from_it() -> None:
    archive = view("archive", "j", online=False)

    @on_demand_feature_view(
        sources=[archive],
        schema=[Field(name="k", dtype=Float64)],
        mode="python",
        singleton=True,
    )
    def more(inputs: dict[str, Any]) -> dict[str, Any]:
        """Add."""
        return {"k": inputs["j"] + 1}

    assert "archive, which has online=False" in refusal(PROFILE, more, on_demand_views=(more,))


def test_a_service_is_refused_with_all_reasons_at_once() -> None:
    archive = view("archive", "j", online=False)
    burden = on_demand([PROFILE], singleton=False)
    reason = refusal(PROFILE.with_name("me"), archive, burden, on_demand_views=(burden,))
    assert [part.split(":")[0] for part in reason.split("; ")] == [
        "it renames feature view profile or its join keys",
        "it reads feature view archive, which has online=False",
        "on-demand feature view burden cannot be served",
    ]


def test_a_service_of_a_view_without_entity_is_refused() -> None:
    world = FeatureView(
        name="world",
        entities=[],
        schema=[Field(name="rate", dtype=Float64)],
        source=FileSource(name="world", path="world.parquet", timestamp_field="at"),
    )
    definitions = Definitions((world,), (), (FeatureService(name="s", features=[world]),))
    (found,) = read_plan(definitions, "project").refused_services
    assert "world, which has no entity" in found.reason


def test_a_service_that_reads_nothing_is_refused() -> None:
    @on_demand_feature_view(
        sources=[ASKED], schema=[Field(name="k", dtype=Float64)], mode="python", singleton=True
    )
    def more(inputs: dict[str, Any]) -> dict[str, Any]:
        """Add."""
        return {"k": inputs["amount"] + 1}

    assert refusal(more, on_demand_views=(more,)) == "it reads no feature view: add one"


def test_another_service_does_not_change_what_a_service_is() -> None:
    mine = FeatureService(name="mine", features=[PAYMENTS])
    alone = planned(mine)
    burden = on_demand([PROFILE[["income"]], ASKED])
    both = planned(
        mine, FeatureService(name="x", features=[PROFILE, burden]), on_demand_views=(burden,)
    )
    assert alone.for_service("mine") == both.for_service("mine")
    assert replace(alone, feature_services=()) != alone
