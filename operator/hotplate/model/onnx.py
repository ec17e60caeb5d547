"""A classifier in ONNX: how it is called, and a model that scores rows of feature values with it.

The graph has one input, the encoded features, and an output of one probability per class; the
target is the last class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from hotplate.model.errors import ModelCorruptError
from hotplate.model.feature_contract import FeatureContract

INPUT = "features"
OUTPUT = "probabilities"


class Classifier:
    """An ONNX session that runs on the calling thread alone."""

    def __init__(self, onnx: bytes) -> None:
        self._session = onnxruntime.InferenceSession(
            onnx, _one_thread(), providers=["CPUExecutionProvider"]
        )

    def probabilities(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of the target for each row of encoded features."""
        (output,) = self._session.run([OUTPUT], {INPUT: inputs})
        target: NDArray[np.float32] = output[:, -1]
        return target


class Model:
    """A classifier with its feature contract, under the version that decisions name."""

    def __init__(self, version: str, contract: FeatureContract, onnx: bytes) -> None:
        """Load the classifier; raise `ModelCorruptError` when the bytes are no ONNX model."""
        self.version = version
        self.contract = contract
        try:
            self._classifier = Classifier(onnx)
        except Exception as error:
            raise ModelCorruptError(
                f"model {version} is corrupt: it is not an ONNX model: {error}"
            ) from error

    def probabilities(self, rows: Sequence[Mapping[str, Any]]) -> list[float]:
        """Return the probability of the target for each row of feature values."""
        target = self._classifier.probabilities(self.contract.encode(rows))
        return [min(max(probability, 0.0), 1.0) for probability in target.tolist()]


def _one_thread() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return options
