"""The jobs on the credit scoring example itself, in the order that `hotplate up` runs them."""

import shutil
from pathlib import Path

import pytest

from hotplate import jobs
from hotplate.api import FeatureStore, ModelDeployment, load_manifests
from hotplate.jobs import Workspace
from support import ROOT


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    """Return a copy of the repository, so that its data is made in a temporary folder."""
    return Path(
        shutil.copytree(
            ROOT / "feature_repo",
            tmp_path / "feature_repo",
            ignore=shutil.ignore_patterns("data", "__pycache__"),
        )
    )


def test_the_example_is_applied_materialized_trained_and_verified(
    definitions: Path, tmp_path: Path, store: str
) -> None:
    resources = load_manifests(ROOT / "examples" / "credit-scoring.yaml")
    (feature_store,) = (each for each in resources if isinstance(each, FeatureStore))
    (model,) = (each for each in resources if isinstance(each, ModelDeployment))
    workspace = Workspace(feature_store, definitions, store, tmp_path / "home")

    assert jobs.apply(workspace).views == ("credit_history", "zipcode_features")
    assert jobs.materialize(workspace, "zipcode_features").rows == 28_844
    assert jobs.materialize(workspace, "credit_history").rows == 28_633
    trained = jobs.train(workspace, model)
    assert trained.rows == 28_638
    assert trained.metrics["roc_auc"] >= 0.75
    verified = jobs.verify(workspace, model)
    assert [view.sampled for view in verified.views] == [200, 200]
    assert verified.contract_hash == trained.contract_hash
