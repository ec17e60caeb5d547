"""Train/serve parity: what a running bento decides over HTTP against the model's own prediction.

The offline side uses none of the serving code: Feast's point-in-time features as of now,
scikit-learn's own OrdinalEncoder, and the scikit-learn tree that training kept.

    PYTHONPATH=tests python -m parity.parity --state STATE_FOLDER MANIFEST [--rows N]
"""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import joblib
import pandas as pd
from feast import FeatureStore
from sklearn.preprocessing import OrdinalEncoder

from hotplate import jobs
from hotplate.jobs.repository.session import open_store
from hotplate.local.manifests import Manifests, read
from hotplate.local.state import State
from hotplate.model.feature_contract import REQUEST, FeatureContract
from support.feast.user_process import user_process

CHUNK = 500
CLOSE = 1e-6
TIMEOUT = "OnlineStoreTimeout"


def differences(manifest: Path, state: State, rows: int | None) -> tuple[int, pd.DataFrame]:
    """Return how many rows were compared, and those that differ, offline beside online."""
    manifests, running = read(manifest), state.running()
    assert running is not None, f"nothing runs on {state.folder}: start `hotplate up` first"
    model_deployment = state.model_deployment()
    assert model_deployment is not None
    model = model_deployment.status.model
    assert model is not None
    folder = state.bentoml / "models" / Path(*model.version.split(":"))
    contract = FeatureContract.from_json((folder / "contract.json").read_bytes())
    labels = _labels(manifests, rows)
    offline = _offline(manifests, running["store"], labels, contract)
    _predict(offline, contract, joblib.load(folder / "estimator.joblib"))
    online = _online(running["url"], _requests(offline, contract))
    offline["served"] = [answer["decision"] for answer in online]
    offline["served_probability"] = [answer["probability"] for answer in online]
    close = (offline["probability"] - offline["served_probability"]).abs() <= CLOSE
    same = (offline["decision"] == offline["served"]) & (close | (offline["decision"] == "Refer"))
    return len(offline), offline[~same]


def _labels(manifests: Manifests, rows: int | None) -> pd.DataFrame:
    training = manifests.model_deployment.spec.training
    assert training is not None
    table = pd.read_parquet(manifests.definitions / training.labels.path)
    return table if rows is None else table.sample(rows, random_state=0)


def _offline(
    manifests: Manifests, store_url: str, labels: pd.DataFrame, contract: FeatureContract
) -> pd.DataFrame:
    """Return the rows with Feast's features as of now."""
    workspace = jobs.Workspace(manifests.feature_store, manifests.definitions, store_url)
    config = open_store(workspace).config
    with user_process():
        store = FeatureStore(config=config)
        service = store.get_feature_service(contract.feature_service)
        columns = [f.name for f in contract.features if f.source == REQUEST]
        entities = labels[[*_join_keys(store), *columns]].reset_index(drop=True)
        # Feast's file store keeps one of the rows that share a join key and a time.
        apart = pd.to_timedelta(entities.index, unit="us")
        entities["event_timestamp"] = pd.Timestamp(datetime.now(UTC)) - apart
        return store.get_historical_features(entities, service).to_df().reset_index(drop=True)


def _join_keys(store: Any) -> list[str]:
    return [entity.join_key for entity in store.list_entities()]


def _predict(rows: pd.DataFrame, contract: FeatureContract, estimator: Any) -> None:
    """Add the model's own probability and decision; a row without a feature is referred."""
    names = [feature.name for feature in contract.features]
    complete = rows[names].notna().all(axis=1)
    inputs = rows.loc[complete, names].copy()
    texts = {f.name: list(f.categories) for f in contract.features if f.categories is not None}
    encoder = OrdinalEncoder(
        categories=list(texts.values()), handle_unknown="use_encoded_value", unknown_value=-1
    )
    inputs[list(texts)] = encoder.fit_transform(inputs[list(texts)])
    probability = estimator.predict_proba(inputs.to_numpy(dtype="float32"))[:, 1]
    rows.loc[complete, "probability"] = probability
    decisions = ["Reject" if p >= contract.threshold else "Approve" for p in probability]
    rows["decision"] = "Refer"
    rows.loc[complete, "decision"] = decisions


def _requests(rows: pd.DataFrame, contract: FeatureContract) -> list[dict[str, Any]]:
    """Return the rows as a client sends them: without what is read from the store, or found."""
    read_from_store = {f.name for f in contract.features if f.source != REQUEST}
    others = {"event_timestamp", "probability", "decision"}
    names = [name for name in rows.columns if name not in read_from_store | others]
    return rows[names].to_dict("records")


def _online(url: str, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the served decisions; rows that met the feature deadline are asked again."""
    with httpx.Client(base_url=url, timeout=30) as client:
        answers: list[dict[str, Any]] = []
        for start in range(0, len(requests), CHUNK):
            answers += _decided(client, requests[start : start + CHUNK])
        return answers


def _decided(client: httpx.Client, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for _ in range(20):
        answer = client.post("/score_many", json={"rows": rows})
        assert answer.status_code == 200, answer.text
        decisions: list[dict[str, Any]] = answer.json()["decisions"]
        if not any(r["code"] == TIMEOUT for row in decisions for r in row["reasons"]):
            break
        time.sleep(0.1)
    return decisions


def main() -> None:
    """Compare, print what differs, and exit with 1 when anything does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--rows", type=int, help="a sample of so many rows; by default all")
    arguments = parser.parse_args()
    compared, different = differences(arguments.manifest, State(arguments.state), arguments.rows)
    print(f"{compared:,} rows scored over HTTP and offline, {len(different):,} differ")
    if len(different):
        print(different.head().to_string())
        sys.exit(1)


if __name__ == "__main__":
    main()
