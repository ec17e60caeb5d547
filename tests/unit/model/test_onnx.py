import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from hotplate.jobs.training.tree import onnx_model
from hotplate.model.artifact_store import digest_of
from hotplate.model.errors import ModelCorruptError
from hotplate.model.feature_contract import ContractFeature, FeatureContract
from hotplate.model.onnx import Classifier, Model

INPUTS = np.array([[0.0], [1.0], [2.0], [3.0]], dtype=np.float32)


def onnx() -> bytes:
    """Return a tree that rejects from 2 on."""
    return onnx_model(DecisionTreeClassifier().fit(INPUTS, [0, 0, 1, 1]), 1)


def contract(data: bytes) -> FeatureContract:
    return FeatureContract(
        feature_service="credit_scoring_v1",
        service_hash="sha256:service",
        features=(ContractFeature(name="debts", source="request", dtype="INT64"),),
        target="loan_status",
        threshold=0.5,
        model_hash=digest_of(data),
    )


def test_the_probability_is_that_of_the_last_class() -> None:
    assert Classifier(onnx()).probabilities(INPUTS).tolist() == [0, 0, 1, 1]


def test_a_model_encodes_rows_by_its_contract() -> None:
    model = Model("credit:1", contract(onnx()), onnx())
    assert model.probabilities([{"debts": 3, "ignored": "x"}, {"debts": 0}]) == [1.0, 0.0]


def test_a_file_that_is_no_onnx_graph_is_refused_when_it_is_loaded() -> None:
    with pytest.raises(ModelCorruptError, match=r"model credit:1 is corrupt: .*not an ONNX model"):
        Model("credit:1", contract(b"text"), b"text")
