from dataclasses import replace

import pytest

from hotplate.online.decode.on_demand import on_demand_views
from hotplate.online.errors import OnDemandError
from hotplate.protocol.read_plan import OnDemandPlan, ReadPlan
from support.scoring.plan import read_plan

ROW = {"credit_card_due": 1, "mortgage_due": 2, "dob_ssn": "19630621_4278"}


def plan(source: str, function: str = "total_debt") -> ReadPlan:
    (view,) = read_plan().on_demand_views
    changed: OnDemandPlan = replace(view, source=source, function=function)
    return replace(read_plan(), on_demand_views=(changed,))


def test_an_on_demand_view_computes_its_outputs_from_its_inputs() -> None:
    (view,) = on_demand_views(read_plan())
    assert view(ROW) == {"total_debt_due": 3}


def test_an_on_demand_view_sees_its_inputs_and_nothing_else() -> None:
    source = "def total_debt(row):\n    return {'total_debt_due': sorted(row)}\n"
    (view,) = on_demand_views(plan(source))
    assert view(ROW) == {"total_debt_due": ["credit_card_due", "mortgage_due"]}


@pytest.mark.parametrize("source", ["def total_debt(row", "import nothing_of_that_name", ""])
def test_an_on_demand_view_that_cannot_be_compiled_is_named(source: str) -> None:
    with pytest.raises(OnDemandError, match="on-demand feature view total_debt"):
        on_demand_views(plan(source))


def test_an_on_demand_view_that_fails_is_named() -> None:
    (view,) = on_demand_views(plan("def total_debt(row):\n    return 1 / 0\n"))
    with pytest.raises(OnDemandError, match=r"total_debt: ZeroDivisionError"):
        view(ROW)


def test_an_on_demand_view_that_lacks_an_output_is_named() -> None:
    (view,) = on_demand_views(plan("def total_debt(row):\n    return {}\n"))
    with pytest.raises(OnDemandError, match="total_debt_due"):
        view(ROW)
