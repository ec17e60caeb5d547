"""The credit scoring bento: a loan application in, a decision out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import bentoml
from pydantic import ConfigDict, Field

from hotplate.serving import (
    Decision,
    Decisions,
    Explanation,
    Rows,
    ScoringRequest,
    ScoringService,
    service_config,
    site,
)

EXAMPLE = {
    "zipcode": 76104,
    "dob_ssn": "19630621_4278",
    "person_age": 133,
    "person_income": 59000,
    "person_home_ownership": "RENT",
    "person_emp_length": 123.0,
    "loan_intent": "PERSONAL",
    "loan_amnt": 35000,
    "loan_int_rate": 16.02,
}


class LoanApplication(ScoringRequest):
    """A loan application, its fields and units those of the loan table."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    zipcode: Annotated[int, Field(ge=501, le=99950)]
    dob_ssn: Annotated[
        str,
        Field(pattern=r"^[0-9]{8}_[0-9]{4}$", description="date of birth, last digits of the SSN"),
    ]
    person_age: Annotated[int, Field(ge=18, le=150, description="years")]
    person_income: Annotated[int, Field(ge=0, le=100_000_000, description="USD a year")]
    person_home_ownership: Literal["MORTGAGE", "OTHER", "OWN", "RENT"]
    person_emp_length: Annotated[float, Field(ge=0, le=1200, description="months")]
    loan_intent: Literal[
        "DEBTCONSOLIDATION", "EDUCATION", "HOMEIMPROVEMENT", "MEDICAL", "PERSONAL", "VENTURE"
    ]
    loan_amnt: Annotated[int, Field(gt=0, le=10_000_000, description="USD")]
    loan_int_rate: Annotated[float, Field(ge=0, le=100, description="percent a year")]


class LoanApplications(ScoringRequest):
    """Up to 1,000 loan applications."""

    rows: Rows[LoanApplication]


@bentoml.asgi_app(site(Path(__file__).with_name("page")), path="/")
@bentoml.service(name="CreditScoring", **service_config())
class CreditScoring(ScoringService):
    """Decides on loan applications: Approve, Reject, or Refer to a person."""

    example = LoanApplication.example()

    @bentoml.api
    async def score(self, application: LoanApplication, /) -> Decision:
        """Decide on one loan application."""
        return await self.scorer.score(application)

    @bentoml.api
    async def score_many(self, applications: LoanApplications, /) -> Decisions:
        """Decide on up to 1,000 loan applications in one call."""
        return Decisions(decisions=await self.scorer.score_many(applications.rows))

    @bentoml.api
    async def explain(self, application: LoanApplication, /) -> Explanation:
        """Decide on one loan application and show the values the decision was made of."""
        return await self.scorer.explain(application)
