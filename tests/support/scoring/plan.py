"""The read plan and the feature contract of the small credit model that tests serve."""

from __future__ import annotations

from typing import Any

import mmh3

from hotplate.model.feature_contract import ContractFeature, FeatureContract
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

TYPES = {
    "zipcode_features": {"city": "STRING", "population": "INT64", "total_wages": "INT64"},
    "credit_history": {
        "credit_card_due": "INT64",
        "mortgage_due": "INT64",
        "missed_payments_1y": "INT64",
    },
}
TTLS = {"zipcode_features": 3650 * 86400, "credit_history": 90 * 86400}
KEYS = {
    "zipcode_features": JoinKey("zipcode", "INT64"),
    "credit_history": JoinKey("dob_ssn", "STRING"),
}
TOTAL_DEBT = """
def total_debt(row):
    return {"total_debt_due": row["credit_card_due"] + row["mortgage_due"]}
"""
HOMES = ("MORTGAGE", "OTHER", "OWN", "RENT")
INTENTS = ("DEBTCONSOLIDATION", "EDUCATION", "HOMEIMPROVEMENT", "MEDICAL", "PERSONAL", "VENTURE")


def field(view: str, feature: str) -> str:
    return mmh3.hash(f"{view}:{feature}", signed=False).to_bytes(4, "little").hex()


def view_plan(name: str) -> ViewPlan:
    features = tuple(FeaturePlan(f, t, field(name, f)) for f, t in TYPES[name].items())
    return ViewPlan(name, (KEYS[name],), features, TTLS[name])


def read_plan(extra_feature: bool = False) -> ReadPlan:
    served = [ServiceFeature(view, name) for view, names in TYPES.items() for name in names]
    if extra_feature:
        served.remove(ServiceFeature("credit_history", "missed_payments_1y"))
    served.append(ServiceFeature("total_debt", "total_debt_due"))
    on_demand = OnDemandPlan(
        "total_debt",
        tuple(
            OnDemandInput(name, "credit_history", name)
            for name in ("credit_card_due", "mortgage_due")
        ),
        (FeaturePlan("total_debt_due", "INT64"),),
        TOTAL_DEBT,
        "total_debt",
    )
    services = (
        ServicePlan("credit_scoring_v1", tuple(served)),
        ServicePlan("credit_scoring_v2", tuple(served[1:])),
    )
    return ReadPlan(
        "credit_scoring", tuple(view_plan(name) for name in TYPES), (on_demand,), services
    )


def contract_features() -> tuple[ContractFeature, ...]:
    request = {
        "person_income": "INT64",
        "loan_amnt": "INT64",
        "loan_int_rate": "DOUBLE",
    }
    return (
        *(ContractFeature(name=n, source="request", dtype=t) for n, t in request.items()),
        ContractFeature(
            name="person_home_ownership", source="request", dtype="STRING", categories=HOMES
        ),
        ContractFeature(name="loan_intent", source="request", dtype="STRING", categories=INTENTS),
        ContractFeature(
            name="city",
            source="zipcode_features",
            dtype="STRING",
            categories=("DALLAS", "FORT WORTH"),
        ),
        *(
            ContractFeature(name=name, source=view, dtype=dtype)
            for view, features in TYPES.items()
            for name, dtype in features.items()
            if dtype != "STRING"
        ),
        ContractFeature(name="total_debt_due", source="total_debt", dtype="INT64"),
    )


def contract(**changes: Any) -> FeatureContract:
    """Return the contract of a model on those features; keywords are its fields."""
    fields = {
        "feature_service": "credit_scoring_v1",
        "service_hash": "sha256:service",
        "features": contract_features(),
        "target": "loan_status",
        "threshold": 0.5,
        "model_hash": "sha256:model",
    }
    return FeatureContract(**fields | changes)
