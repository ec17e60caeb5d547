from typing import Any

import pytest
from pydantic import ConfigDict, ValidationError

from hotplate.model.errors import ModelError
from hotplate.serving.decision import ScoringRequest
from hotplate.serving.service import _check_request
from support.scoring.plan import contract, read_plan

EXAMPLE = {"zipcode": 76104, "dob_ssn": "19630621_4278", "amount": 1.5}


class Request(ScoringRequest):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    zipcode: int
    dob_ssn: str
    amount: float


class Model:
    """As much of a model as the check of a request sees."""

    version = "credit_scoring:abc"
    contract = contract()


def test_the_example_is_the_requests_own() -> None:
    assert Request.example() == Request(**EXAMPLE)


def test_the_schema_shows_the_example_as_openapi_has_it() -> None:
    schema = Request.model_json_schema()
    assert schema["example"] == EXAMPLE
    assert "examples" not in schema


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_refused(number: str) -> None:
    body = f'{{"zipcode": 1, "dob_ssn": "x", "amount": {number}}}'
    with pytest.raises(ValidationError, match="amount"):
        Request.model_validate_json(body)


def test_an_error_never_shows_what_was_sent() -> None:
    with pytest.raises(ValidationError) as caught:
        Request.model_validate({**EXAMPLE, "zipcode": "secret"})
    assert "secret" not in str(caught.value)


def test_a_request_that_lacks_what_the_model_needs_is_named_with_it() -> None:
    model: Any = Model()
    with pytest.raises(ModelError, match=r"Request lacks fields .*: loan_amnt, loan_int_rate,"):
        _check_request(Request, read_plan(), model)
