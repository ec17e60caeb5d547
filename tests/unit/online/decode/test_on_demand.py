from dataclasses import replace

import pytest

from hotplate.online.decode.on_demand import RowValues, on_demand_views
from hotplate.online.errors import OnDemandError
from hotplate.protocol.read_plan import (
    FeaturePlan,
    JoinKey,
    OnDemandInput,
    OnDemandPlan,
    ReadPlan,
    ServiceFeature,
    ServicePlan,
    ViewPlan,
)
from support.scoring.plan import read_plan

ROW = {"credit_card_due": 1, "mortgage_due": 2, "dob_ssn": "19630621_4278"}


def plan(source: str, function: str = "total_debt") -> ReadPlan:
    (view,) = read_plan().on_demand_views
    changed: OnDemandPlan = replace(view, source=source, function=function)
    return replace(read_plan().for_service("credit_scoring_v1"), on_demand_views=(changed,))


def test_an_on_demand_view_computes_its_outputs_from_its_inputs() -> None:
    (view,) = on_demand_views(read_plan().for_service("credit_scoring_v1"))
    assert view({}, ROW) == {"total_debt_due": 3}


def test_an_on_demand_view_sees_its_inputs_and_nothing_else() -> None:
    source = "def total_debt(row):\n    return {'total_debt_due': len(row)}\n"
    (view,) = on_demand_views(plan(source))
    assert view({"more": 1}, ROW) == {"total_debt_due": 2}


@pytest.mark.parametrize("source", ["def total_debt(row", "import nothing_of_that_name", ""])
def test_an_on_demand_view_that_cannot_be_compiled_is_named(source: str) -> None:
    with pytest.raises(OnDemandError, match="on-demand feature view total_debt"):
        on_demand_views(plan(source))


def test_an_on_demand_view_that_fails_is_named() -> None:
    (view,) = on_demand_views(plan("def total_debt(row):\n    return 1 / 0\n"))
    with pytest.raises(OnDemandError, match=r"total_debt: ZeroDivisionError$"):
        view({}, ROW)


def test_the_error_of_a_function_does_not_quote_the_values() -> None:
    source = "def total_debt(row):\n    raise KeyError('19630621_4278')\n"
    (view,) = on_demand_views(plan(source))
    with pytest.raises(OnDemandError, match=r"total_debt: KeyError$"):
        view({}, ROW)


def test_an_on_demand_view_that_lacks_an_output_is_named() -> None:
    (view,) = on_demand_views(plan("def total_debt(row):\n    return {}\n"))
    with pytest.raises(OnDemandError, match="total_debt_due"):
        view({}, ROW)


@pytest.mark.parametrize(
    ("dtype", "result", "value"),
    [
        ("INT64", "3.9", 3),
        ("DOUBLE", "float('nan')", None),
        ("DOUBLE", "None", None),
        ("DOUBLE", "2", 2.0),
        ("FLOAT", "0.1", 0.10000000149011612),
        ("FLOAT", "float('nan')", None),
        ("STRING", "7", "7"),
        ("BOOL", "1", True),
        ("DOUBLE_LIST", "[1.0]", [1.0]),
    ],
)
def test_an_output_is_what_feast_makes_of_it_in_its_type(
    dtype: str, result: str, value: object
) -> None:
    changed = plan(f"def total_debt(row):\n    return {{'total_debt_due': {result}}}\n")
    (view,) = changed.on_demand_views
    typed = replace(view, outputs=(FeaturePlan("total_debt_due", dtype),))
    (compiled,) = on_demand_views(replace(changed, on_demand_views=(typed,)))
    assert compiled({}, ROW) == {"total_debt_due": value}


@pytest.mark.parametrize("dtype", ["DOUBLE", "INT64", "BOOL", "FLOAT"])
def test_an_output_of_another_type_is_an_error(dtype: str) -> None:
    changed = plan("def total_debt(row):\n    return {'total_debt_due': 'much'}\n")
    (view,) = changed.on_demand_views
    typed = replace(view, outputs=(FeaturePlan("total_debt_due", dtype),))
    (compiled,) = on_demand_views(replace(changed, on_demand_views=(typed,)))
    with pytest.raises(OnDemandError, match="total_debt: "):
        compiled({}, ROW)


SOURCE = "def burden(row):\n    return {'ratio': row['amount'] / row['profile__income']}\n"
BURDEN = OnDemandPlan(
    "burden",
    (
        OnDemandInput("amount"),
        OnDemandInput("profile__income", "profile", "income"),
        OnDemandInput("profile__amount", "profile", "amount"),
    ),
    (FeaturePlan("ratio", "DOUBLE"),),
    SOURCE,
    "burden",
)
PROFILE = ViewPlan(
    "profile",
    (JoinKey("user", "INT64"),),
    (FeaturePlan("income", "DOUBLE", "01"), FeaturePlan("amount", "DOUBLE", "02")),
)
NAMESAKES = ReadPlan(
    "project",
    (PROFILE,),
    (BURDEN,),
    (ServicePlan("s", (ServiceFeature("profile", "income"), ServiceFeature("burden", "ratio"))),),
)


def test_a_request_field_is_not_replaced_by_a_feature_of_its_name() -> None:
    values = RowValues(NAMESAKES.for_service("s"), ["amount"])
    made = values({"amount": 50.0}, {"income": 100.0, "amount": 7777.0})
    assert made == {"amount": 50.0, "income": 100.0, "ratio": 0.5}


def test_a_request_that_lacks_an_input_is_an_error_that_names_it() -> None:
    (view,) = on_demand_views(NAMESAKES.for_service("s"))
    with pytest.raises(OnDemandError, match="burden: KeyError: amount"):
        view({}, {"income": 100.0, "amount": 7777.0})
