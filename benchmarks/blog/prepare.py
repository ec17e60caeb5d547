"""Makes what the blog's way needs in a folder: a Feast repository and a trained model.

python -m benchmarks.blog.prepare FOLDER host:port
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource
from feast.types import Int64, String
from feast.value_type import ValueType
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier

from support.scoring.plan import HOMES, INTENTS, KEYS, TTLS, TYPES

CITIES = 9_861
ROWS = 28_638
DTYPES = {"STRING": String, "INT64": Int64}


def repository(folder: Path, address: str) -> None:
    """Apply the two feature views, read from the online store at that address."""
    (folder / "feature_store.yaml").write_text(
        "project: credit_scoring\nprovider: local\nregistry: registry.db\n"
        "entity_key_serialization_version: 3\noffline_store:\n  type: file\n"
        f"online_store:\n  type: redis\n  connection_string: {address}\n"
    )
    store = FeatureStore(repo_path=str(folder))
    for name, key in KEYS.items():
        path = folder / f"{name}.parquet"
        pd.DataFrame({"event_timestamp": pd.to_datetime([], utc=True)}).to_parquet(path)
        entity = Entity(name=key.name, value_type=ValueType[key.dtype])
        schema = [Field(name=f, dtype=DTYPES[dtype]) for f, dtype in TYPES[name].items()]
        view = FeatureView(
            name=name,
            entities=[entity],
            ttl=timedelta(seconds=TTLS[name]),
            schema=[Field(name=key.name, dtype=DTYPES[key.dtype]), *schema],
            source=FileSource(name=name, path=str(path), timestamp_field="event_timestamp"),
        )
        store.apply([entity, view])


def model(folder: Path) -> None:
    """Train a tree on made-up loans with as many rows and cities as the real table."""
    chance = np.random.default_rng(1)
    cities = np.array(["FORT WORTH", *(f"CITY {n}" for n in range(CITIES - 1))])
    rows = pd.DataFrame(
        {
            "person_home_ownership": chance.choice(HOMES, ROWS),
            "loan_intent": chance.choice(INTENTS, ROWS),
            "city": np.concatenate([cities, chance.choice(cities, ROWS - CITIES)]),
        }
    )
    categorical = list(rows.columns)
    encoder = OrdinalEncoder().fit(rows)
    numbers = ["person_income", "loan_amnt", "loan_int_rate", "population", "total_wages"]
    numbers += ["credit_card_due", "mortgage_due", "missed_payments_1y"]
    rows[categorical] = encoder.transform(rows)
    for name in numbers:
        rows[name] = chance.uniform(0, 100_000, ROWS)
    target = rows["missed_payments_1y"] + rows["loan_amnt"] > 110_000
    tree = DecisionTreeClassifier(random_state=1, max_depth=12).fit(rows, target)
    joblib.dump((encoder, categorical, list(rows.columns), tree), folder / "model")


if __name__ == "__main__":
    repository(Path(sys.argv[1]), sys.argv[2])
    model(Path(sys.argv[1]))
