"""A row that cannot be computed or scored is referred alone; the rest of its call is decided."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from hotplate.model.feature_contract import ContractFeature
from hotplate.model.onnx import Model
from hotplate.online import Connection
from hotplate.online.layout.keys import redis_key
from hotplate.protocol.read_plan import (
    FeaturePlan,
    OnDemandInput,
    OnDemandPlan,
    ReadPlan,
    ServiceFeature,
    ServicePlan,
)
from hotplate.protocol.serving_settings import DecisionLogSettings, FeatureSettings
from hotplate.serving.decision import Decision, Explanation, ScoringRequest
from hotplate.serving.decision_log import DecisionLog
from hotplate.serving.features import FeatureClient
from hotplate.serving.metrics import Metrics
from hotplate.serving.policy import FailurePolicy
from hotplate.serving.scorer import Scorer, ScorerDependencies
from support.scoring.bento import APPLICATION, HISTORY, HandWrittenStore
from support.scoring.model import tree
from support.scoring.plan import contract, view_plan
from support.valkey.server import valkey_server

EFFORT = """
def effort(row):
    if row["loan_amnt"] > 400:
        return {"effort": None}
    if row["loan_amnt"] > 300:
        return {"effort": float("nan")}
    if row["loan_amnt"] > 200:
        raise ValueError("no effort of 19630621_4278")
    if row["loan_amnt"] > 100:
        return {"effort": "much"}
    return {"effort": row["loan_amnt"] + row["credit_card_due"]}
"""
FEATURES = ("credit_card_due", "mortgage_due", "missed_payments_1y")


class Trip(ScoringRequest):
    """A request whose income may be unknown."""

    dob_ssn: str = str(APPLICATION["dob_ssn"])
    person_income: float | None = 1.0
    loan_amnt: float = 50.0


class Sink:
    """Keeps the lines of the decision log."""

    interval = 60.0

    def write(self, lines: Any) -> None:
        """Keep nothing."""


@pytest.fixture(scope="module")
def store() -> Iterator[HandWrittenStore]:
    with valkey_server(save="") as server:
        store = HandWrittenStore(server)
        store.write("credit_history", APPLICATION["dob_ssn"], HISTORY, age=3600)
        yield store


def plan() -> ReadPlan:
    effort = OnDemandPlan(
        "trip",
        (
            OnDemandInput("credit_card_due", "credit_history", "credit_card_due"),
            OnDemandInput("loan_amnt"),
        ),
        (FeaturePlan("effort", "DOUBLE"),),
        EFFORT,
        "effort",
    )
    served = (
        *(ServiceFeature("credit_history", name) for name in FEATURES),
        ServiceFeature("trip", "effort"),
    )
    return ReadPlan(
        "credit_scoring",
        (view_plan("credit_history"),),
        (effort,),
        (ServicePlan("trips", served),),
    )


def model() -> Model:
    features = (
        ContractFeature(name="person_income", source="request", dtype="DOUBLE"),
        ContractFeature(name="loan_amnt", source="request", dtype="DOUBLE"),
        *(ContractFeature(name=n, source="credit_history", dtype="INT64") for n in FEATURES),
        ContractFeature(name="effort", source="trip", dtype="DOUBLE"),
    )
    trips = contract(feature_service="trips", features=features)
    return Model("trips:1", trips, tree([each.name for each in features]))


Score = Callable[..., list[Decision]]


Counts = dict[tuple[str, str], float]
"""By name and bucket: what a call counted. In BentoML's processes calls share their metrics."""


def samples(registry: CollectorRegistry) -> Counts:
    found = [sample for family in registry.collect() for sample in family.samples]
    return {(each.name, each.labels.get("le", "")): each.value for each in found}


@pytest.fixture
def score(store: HandWrittenStore) -> Score:
    """Return the function that decides one call's requests, given by their fields."""

    def decide(
        *requests: dict[str, Any], counts: Counts | None = None, **settings: Any
    ) -> list[Decision]:
        found = FeatureSettings.model_validate(settings)
        return asyncio.run(_decided(requests, found, {} if counts is None else counts))

    async def _decided(requests: Any, settings: FeatureSettings, counts: Counts) -> list[Decision]:
        registry = CollectorRegistry()
        part = plan().for_service("trips")
        features = FeatureClient(part, Connection("127.0.0.1", store.server.port), 5.0)
        metrics = Metrics("trips:1", features.views, registry)
        before = samples(registry)
        log = DecisionLog(DecisionLogSettings(), Sink(), metrics.log_dropped, metrics.log_failures)
        policy = FailurePolicy(part, settings)
        scorer = Scorer(ScorerDependencies(model(), part, features, policy, log, metrics))
        try:
            return await scorer.score_many([Trip(**each) for each in requests])
        finally:
            counts.update({each: now - before[each] for each, now in samples(registry).items()})
            await features.close()

    return decide


def reasons(decision: Decision) -> list[tuple[str, str]]:
    return [(each.code.value, each.message) for each in decision.reasons]


@pytest.mark.parametrize(
    ("amount", "code", "message"),
    [
        (500.0, "FeatureNull", "trip.effort is null"),
        (350.0, "FeatureNull", "trip.effort is null"),
        (250.0, "OnDemandFailed", "on-demand feature view trip: ValueError"),
        (150.0, "OnDemandFailed", "on-demand feature view trip: TypeError"),
    ],
)
@pytest.mark.parametrize("rows", [1, 3, 60])
def test_an_on_demand_view_without_a_value_refers_its_row_alone(
    score: Score, amount: float, code: str, message: str, rows: int
) -> None:
    first, *others = score({"loan_amnt": amount}, *[{}] * (rows - 1))
    assert (first.decision, first.probability) == ("Refer", None)
    assert reasons(first) == [(code, message)]
    assert all(each.probability is not None for each in others)


@pytest.mark.parametrize("rows", [1, 3, 60])
def test_a_row_that_the_model_cannot_take_is_referred_alone_and_counted(
    score: Score, caplog: pytest.LogCaptureFixture, rows: int
) -> None:
    counts: Counts = {}
    with caplog.at_level(logging.WARNING):
        first, *others = score({"person_income": None}, *[{}] * (rows - 1), counts=counts)
    assert reasons(first) == [
        ("ModelFailed", "the model cannot score the values of this row: TypeError")
    ]
    assert first.decision == "Refer"
    assert all(each.probability is not None for each in others)
    assert counts["hotplate_model_calls_row_by_row_total", ""] == (rows > 1)
    logged = [each.getMessage() for each in caplog.records if "one by one" in each.getMessage()]
    assert logged == ([f"{rows} rows are scored one by one: TypeError"] if rows > 1 else [])


def test_rows_scored_one_by_one_have_the_probabilities_of_a_call(score: Score) -> None:
    _, *found = score({"person_income": None}, {"loan_amnt": 70.0}, {"loan_amnt": 70.0})
    probabilities = [each.probability for each in found]
    assert probabilities == expected({"loan_amnt": 70.0}) * 2


def test_a_row_of_the_future_is_referred_and_named(store: HandWrittenStore, score: Score) -> None:
    store.write("credit_history", "19700101_0001", HISTORY, age=-86_400)
    ahead, other = score({"dob_ssn": "19700101_0001"}, {}, onMissing="Default", onStale="Default")
    assert ahead.decision == "Refer"
    assert ahead.features["credit_history"].status == "FUTURE"
    assert [code for code, _ in reasons(ahead)] == ["FeaturesOfTheFuture"]
    assert other.probability is not None


def test_a_stale_row_is_referred_or_scored_with_default_values(score: Score) -> None:
    (referred,) = score({}, maxAgeSeconds=60)
    assert reasons(referred) == [
        ("FeaturesTooOld", "credit_history is 1 h old, features.maxAge is 0.0167 h")
    ]
    (scored,) = score({"loan_amnt": 70.0}, maxAgeSeconds=60, onStale="Default")
    values = {"person_income": 1.0, "loan_amnt": 70.0, **dict.fromkeys(HISTORY, 0), "effort": 70.0}
    assert [scored.probability] == model().probabilities([values])


def test_the_age_of_what_was_served_is_a_histogram_by_view(
    store: HandWrittenStore, score: Score
) -> None:
    store.write("credit_history", "19700101_0002", HISTORY, age=-86_400)
    counts: Counts = {}
    score({}, {}, {"dob_ssn": "19700101_0002"}, counts=counts)
    found = [
        counts["hotplate_feature_age_seconds_bucket", le] for le in ("900.0", "14400.0", "+Inf")
    ]
    assert found == [0, 2, 2]


def test_bytes_are_explained_as_base64_text(store: HandWrittenStore) -> None:
    photo = view_plan("credit_history").features[0]
    field = bytes.fromhex(photo.field_hex)
    store.write("credit_history", "19700101_0003", HISTORY)
    key = redis_key(view_plan("credit_history").join_keys, "credit_scoring")
    store.client.hset(key({"dob_ssn": "19700101_0003"}), field, b"\x0a\x01\xff")
    explained = asyncio.run(_explained(store))
    assert explained.values["credit_history"][photo.name] == "/w=="
    assert "/w==" in explained.model_dump_json()


async def _explained(store: HandWrittenStore) -> Explanation:
    """Return the explanation of a request whose first feature is bytes, which no model takes."""
    history = view_plan("credit_history")
    typed = (replace(history.features[0], dtype="BYTES"), *history.features[1:])
    part = replace(plan(), views=(replace(history, features=typed),)).for_service("trips")
    features = FeatureClient(part, Connection("127.0.0.1", store.server.port), 5.0)
    metrics = Metrics("trips:1", features.views, CollectorRegistry())
    log = DecisionLog(DecisionLogSettings(), Sink(), metrics.log_dropped, metrics.log_failures)
    policy = FailurePolicy(part, FeatureSettings())
    scorer = Scorer(ScorerDependencies(model(), part, features, policy, log, metrics))
    try:
        return await scorer.explain(Trip(dob_ssn="19700101_0003"))
    finally:
        await features.close()


def expected(request: dict[str, Any]) -> list[float]:
    """Return the probability of one request by a call of the model."""
    values = {"person_income": 1.0, **request, **HISTORY}
    values["effort"] = request["loan_amnt"] + HISTORY["credit_card_due"]
    return model().probabilities([values])
