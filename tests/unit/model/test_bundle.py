from dataclasses import replace

from hotplate.model.bundle import differences
from hotplate.model.feature_contract import FeatureContract
from hotplate.protocol.read_plan import ReadPlan
from support.scoring.plan import contract_features, read_plan


def contract() -> FeatureContract:
    return FeatureContract(
        feature_service="credit_scoring_v1",
        service_hash="sha256:other",
        features=contract_features(),
        target="loan_status",
        threshold=0.5,
        model_hash="sha256:model",
    )


def plan() -> ReadPlan:
    return read_plan().for_service("credit_scoring_v1")


def test_a_feature_that_is_no_longer_served_is_named() -> None:
    less = read_plan(extra_feature=True).for_service("credit_scoring_v1")
    assert differences(contract(), less) == "no longer served: credit_history.missed_payments_1y"


def test_a_feature_that_the_model_never_saw_is_named() -> None:
    features = tuple(f for f in contract_features() if f.name != "population")
    smaller = contract().model_copy(update={"features": features})
    assert differences(smaller, plan()) == "new: zipcode_features.population"


def test_a_feature_of_another_type_is_named_with_both() -> None:
    view = plan().views[0]
    features = tuple(
        replace(f, dtype="DOUBLE") if f.name == "population" else f for f in view.features
    )
    changed = replace(plan(), views=(replace(view, features=features), *plan().views[1:]))
    assert differences(contract(), changed) == (
        "population: trained as zipcode_features INT64, served as zipcode_features DOUBLE"
    )


def test_a_change_beside_the_features_is_said_to_be_one() -> None:
    assert "a ttl, join key, order or function changed" in differences(contract(), plan())
