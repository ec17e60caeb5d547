"""The way of the AWS blog's notebook, in a BentoML service with default settings.

Feast's SDK for each request, a pandas frame, scikit-learn's OrdinalEncoder over the loan table's
9,861 cities, and the tree's `predict`.
"""

from __future__ import annotations

import os
from typing import Any

import bentoml
import joblib
import pandas as pd
from feast import FeatureStore

REFERENCES = [
    "zipcode_features:city",
    "zipcode_features:population",
    "zipcode_features:total_wages",
    "credit_history:credit_card_due",
    "credit_history:mortgage_due",
    "credit_history:missed_payments_1y",
]


@bentoml.service
class Blog:
    """Decides on loan applications as the blog does."""

    def __init__(self) -> None:
        folder = os.environ["BLOG_FOLDER"]
        self.store = FeatureStore(repo_path=folder)
        self.encoder, self.categorical, self.columns, self.tree = joblib.load(f"{folder}/model")

    @bentoml.api
    def score(  # noqa: PLR0917 - the blog's fields
        self,
        zipcode: int,
        dob_ssn: str,
        person_age: int,
        person_income: int,
        person_home_ownership: str,
        person_emp_length: float,
        loan_intent: str,
        loan_amnt: int,
        loan_int_rate: float,
    ) -> dict[str, Any]:
        """Decide on one loan application."""
        application = {
            "zipcode": zipcode,
            "dob_ssn": dob_ssn,
            "person_age": person_age,
            "person_income": person_income,
            "person_home_ownership": person_home_ownership,
            "person_emp_length": person_emp_length,
            "loan_intent": loan_intent,
            "loan_amnt": loan_amnt,
            "loan_int_rate": loan_int_rate,
        }
        features = self.store.get_online_features(
            entity_rows=[{"zipcode": zipcode, "dob_ssn": dob_ssn}], features=REFERENCES
        ).to_dict()
        row = pd.DataFrame.from_dict({**{k: [v] for k, v in application.items()}, **features})
        row[self.categorical] = self.encoder.transform(row[self.categorical])
        prediction = self.tree.predict(row.reindex(self.columns, axis=1))
        return {"decision": "Reject" if prediction[0] else "Approve"}
