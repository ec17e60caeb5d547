"""The decision tree, its decision threshold, and the same tree in ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.metrics import balanced_accuracy_score
from sklearn.tree import DecisionTreeClassifier

from hotplate.api.v1alpha1.training import Tree
from hotplate.jobs.errors import JobError
from hotplate.model.onnx import INPUT, Classifier

Inputs = NDArray[np.float32]
Outcomes = NDArray[np.int64]
Probabilities = NDArray[np.float64]

_OPSET = {"": 18, "ai.onnx.ml": 3}
_CLOSEST = 1e-6
"""Leaf probabilities closer than this are one: float32 tells 1e-7 apart."""


def grown(tree: Tree, inputs: Inputs, outcomes: Outcomes) -> DecisionTreeClassifier:
    """Return a tree grown on the rows, the same for the same rows.

    Classes are not weighted, so that a leaf's share is the probability of outcome 1. The decision
    threshold makes up for a rare class.
    """
    classifier = DecisionTreeClassifier(
        max_depth=tree.max_depth, min_samples_leaf=tree.min_samples_leaf, random_state=0
    )
    return classifier.fit(inputs, outcomes)


def probability(classifier: DecisionTreeClassifier, inputs: Inputs) -> Probabilities:
    """Return the probability of outcome 1 for each row."""
    probabilities: Probabilities = classifier.predict_proba(inputs)[:, 1]
    return probabilities


def threshold(classifier: DecisionTreeClassifier, inputs: Inputs, outcomes: Outcomes) -> float:
    """Return the probability at and above which the decision is 1.

    It gives the best balanced accuracy on the rows, which the tree was not grown on, and lies
    midway between two leaf probabilities, so that rounding cannot move a row across it.
    """
    leaves = _leaf_probabilities(classifier)
    midways = (leaves[1:] + leaves[:-1]) / 2
    if not len(midways):
        raise JobError(
            "TreeUseless",
            "the tree has only one leaf, so it decides nothing: give it more rows or features, or "
            "a lower spec.training.tree.minSamplesLeaf",
        )
    predicted = probability(classifier, inputs)
    scores = [balanced_accuracy_score(outcomes, predicted >= midway) for midway in midways]
    return float(midways[int(np.argmax(scores))])


def onnx_model(classifier: DecisionTreeClassifier, features: int) -> bytes:
    """Return the tree in ONNX: input `features`, output `probabilities` of both classes."""
    model = to_onnx(
        classifier,
        initial_types=[(INPUT, FloatTensorType([None, features]))],
        options={id(classifier): {"zipmap": False}},
        target_opset=_OPSET,
    )
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def refuse_differences(
    classifier: DecisionTreeClassifier, onnx: bytes, inputs: Inputs, at: float
) -> None:
    """Raise `JobError` ConversionDiffers unless ONNX decides every row as scikit-learn does."""
    converted = Classifier(onnx).probabilities(inputs).astype(float)
    original = probability(classifier, inputs)
    different = int(((converted >= at) != (original >= at)).sum())
    furthest = float(np.abs(converted - original).max(initial=0.0))
    if different or furthest > _CLOSEST:
        raise JobError(
            "ConversionDiffers",
            f"the ONNX model decides {different} of {len(inputs)} rows differently from "
            f"scikit-learn, and probabilities differ by up to {furthest:.2g}: it was not saved",
        )


def _leaf_probabilities(classifier: DecisionTreeClassifier) -> Probabilities:
    """Return the probabilities of the tree's leaves in order, each further than `_CLOSEST`."""
    tree: Any = classifier.tree_
    shares = tree.value[tree.children_left == -1][:, 0, :]
    leaves = np.unique(shares[:, 1] / shares.sum(axis=1))
    apart = np.concatenate([[True], np.diff(leaves) > _CLOSEST])
    kept: Probabilities = leaves[apart]
    return kept
