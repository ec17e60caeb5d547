from dataclasses import replace

import pytest

from hotplate.model.errors import ContractMismatchError
from hotplate.model.feature_contract import check_contract, differences
from hotplate.protocol.read_plan import ReadPlan
from support.scoring.plan import contract, contract_features, read_plan


def plan() -> ReadPlan:
    return read_plan().for_service("credit_scoring_v1")


def test_a_feature_that_is_no_longer_served_is_named() -> None:
    less = read_plan(extra_feature=True).for_service("credit_scoring_v1")
    assert differences(contract(), less) == (
        "no longer served: credit_history:missed_payments_1y (INT64)"
    )


def test_a_feature_that_the_model_never_saw_is_named() -> None:
    features = tuple(f for f in contract_features() if f.name != "population")
    smaller = contract().model_copy(update={"features": features})
    assert differences(smaller, plan()) == "new: zipcode_features:population (INT64)"


def test_a_feature_of_another_type_is_named_with_both() -> None:
    view = plan().views[0]
    features = tuple(
        replace(f, dtype="DOUBLE") if f.name == "population" else f for f in view.features
    )
    changed = replace(plan(), views=(replace(view, features=features), *plan().views[1:]))
    assert differences(contract(), changed) == (
        "changed: zipcode_features:population (INT64) is now zipcode_features:population (DOUBLE)"
    )


def test_a_change_beside_the_features_is_said_to_be_one() -> None:
    assert (
        differences(contract(), plan())
        == "a ttl, a join key, the order or an on-demand function changed"
    )


def test_a_model_of_the_served_features_is_accepted() -> None:
    fitting = contract().model_copy(update={"service_hash": plan().hash})
    check_contract("credit:1", fitting, read_plan(), "credit_scoring_v1")


def test_a_model_of_another_feature_service_is_refused_with_both_names() -> None:
    with pytest.raises(
        ContractMismatchError, match=r"on feature service credit_scoring_v1, not on other"
    ):
        check_contract("credit:1", contract(), read_plan(), "other")


def test_a_model_of_other_features_is_refused_with_the_difference() -> None:
    with pytest.raises(
        ContractMismatchError, match=r"credit:1 was trained on other.*a ttl, a join"
    ):
        check_contract("credit:1", contract(), read_plan(), "credit_scoring_v1")


def test_a_model_of_a_feature_service_that_is_gone_is_refused_with_those_that_exist() -> None:
    gone = contract().model_copy(update={"feature_service": "gone"})
    with pytest.raises(
        ContractMismatchError, match=r"credit:1: .*'gone'.*it has: credit_scoring_v1"
    ):
        check_contract("credit:1", gone, read_plan(), "gone")
