"""What a loan decision knows about a place and a person, as Feast definitions."""

from datetime import timedelta

from credit_sources import table
from feast import Entity, FeatureService, FeatureView, Field, ValueType
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Int64, String

zipcode = Entity(
    name="zipcode",
    join_keys=["zipcode"],
    value_type=ValueType.INT64,
    description="A US postal code",
)
dob_ssn = Entity(
    name="dob_ssn",
    join_keys=["dob_ssn"],
    value_type=ValueType.STRING,
    description="A person: date of birth and the last four digits of the social security number",
)

zipcode_features = FeatureView(
    name="zipcode_features",
    entities=[zipcode],
    ttl=timedelta(days=3650),
    schema=[
        Field(name="zipcode", dtype=Int64),
        Field(name="city", dtype=String),
        Field(name="state", dtype=String),
        Field(name="location_type", dtype=String),
        Field(name="tax_returns_filed", dtype=Int64, description="Tax returns a year"),
        Field(name="population", dtype=Int64, description="Persons"),
        Field(name="total_wages", dtype=Int64, description="USD a year"),
    ],
    source=table("zipcodes"),
)

credit_history = FeatureView(
    name="credit_history",
    entities=[dob_ssn],
    ttl=timedelta(days=90),
    schema=[
        Field(name="dob_ssn", dtype=String),
        Field(name="credit_card_due", dtype=Int64, description="USD"),
        Field(name="mortgage_due", dtype=Int64, description="USD"),
        Field(name="student_loan_due", dtype=Int64, description="USD"),
        Field(name="vehicle_loan_due", dtype=Int64, description="USD"),
        Field(name="hard_pulls", dtype=Int64, description="Credit checks by lenders"),
        Field(name="missed_payments_2y", dtype=Int64, description="In the last 2 years"),
        Field(name="missed_payments_1y", dtype=Int64, description="In the last year"),
        Field(name="missed_payments_6m", dtype=Int64, description="In the last 6 months"),
        Field(name="bankruptcies", dtype=Int64),
    ],
    source=table("credit_history"),
)


@on_demand_feature_view(
    sources=[credit_history],
    schema=[Field(name="total_debt_due", dtype=Int64)],
    mode="python",
    singleton=True,
)
def total_debt(inputs: dict[str, object]) -> dict[str, object]:
    """Add up what a person owes, in USD; unknown when one of the parts is unknown."""

    def total(*dues: int | None) -> int | None:
        return None if None in dues else sum(dues)

    debts = ("credit_card_due", "mortgage_due", "student_loan_due", "vehicle_loan_due")
    dues = [inputs[debt] for debt in debts]
    # Feast 0.67 gives a singleton function one row online, but whole columns offline.
    if isinstance(dues[0], list):
        return {"total_debt_due": [total(*row) for row in zip(*dues, strict=True)]}
    return {"total_debt_due": total(*dues)}


credit_scoring_v1 = FeatureService(
    name="credit_scoring_v1",
    features=[zipcode_features, credit_history, total_debt],
    description="Everything the loan decision reads",
)
