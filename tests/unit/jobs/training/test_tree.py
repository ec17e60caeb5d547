"""The tree, its threshold and its figures, on rows made for the purpose."""

import numpy as np
import pytest

from hotplate.api.v1alpha1.training import Gate, Tree
from hotplate.jobs import JobError
from hotplate.jobs.training import tree
from hotplate.jobs.training.evaluation import Slices, figures, refuse_below

RANDOM = np.random.default_rng(1)
INPUTS = RANDOM.random((4000, 3)).astype(np.float32)
OUTCOMES = (INPUTS[:, 0] + RANDOM.normal(0, 0.2, 4000) > 0.8).astype(np.int64)
SETTINGS = Tree(max_depth=5, min_samples_leaf=20)


def test_a_tree_is_the_same_for_the_same_rows() -> None:
    first, second = (tree.onnx_model(tree.grown(SETTINGS, INPUTS, OUTCOMES), 3) for _ in "ab")
    assert first == second


def test_probabilities_are_shares_of_natural_classes() -> None:
    grown = tree.grown(SETTINGS, INPUTS, OUTCOMES)
    assert tree.probability(grown, INPUTS).mean() == pytest.approx(OUTCOMES.mean())


def test_the_threshold_lies_between_two_leaves_and_gives_the_rarer_class_its_due() -> None:
    grown = tree.grown(SETTINGS, INPUTS[:2000], OUTCOMES[:2000])
    at = tree.threshold(grown, INPUTS[2000:], OUTCOMES[2000:])
    leaves = np.unique(tree.probability(grown, INPUTS))
    assert np.abs(leaves - at).min() > 1e-7
    assert leaves.min() < at < leaves.max()
    assert at < 0.5
    balanced = figures(OUTCOMES[2000:], tree.probability(grown, INPUTS[2000:]), at)
    plain = figures(OUTCOMES[2000:], tree.probability(grown, INPUTS[2000:]), 0.5)
    assert balanced["balanced_accuracy"] >= plain["balanced_accuracy"]


def test_a_tree_of_one_leaf_is_refused() -> None:
    grown = tree.grown(Tree(max_depth=5, min_samples_leaf=4000), INPUTS, OUTCOMES)
    with pytest.raises(JobError, match="TreeUseless"):
        tree.threshold(grown, INPUTS, OUTCOMES)


def test_onnx_that_is_of_another_tree_is_refused_with_how_many_rows_differ() -> None:
    grown = tree.grown(SETTINGS, INPUTS, OUTCOMES)
    other = tree.onnx_model(tree.grown(SETTINGS, INPUTS, 1 - OUTCOMES), 3)
    with pytest.raises(JobError, match="of 4000 rows differently"):
        tree.refuse_differences(grown, other, INPUTS, 0.3)


def test_onnx_agrees_at_the_very_edges_of_the_tree_s_splits() -> None:
    grown = tree.grown(SETTINGS, INPUTS, OUTCOMES)
    splits = grown.tree_.threshold[grown.tree_.feature >= 0].astype(np.float32)
    infinity = np.float32(np.inf)
    edges = [np.nextafter(splits, -infinity), splits, np.nextafter(splits, infinity)]
    rows = np.repeat(np.concatenate(edges)[:, None], 3, axis=1)
    tree.refuse_differences(grown, tree.onnx_model(grown, 3), rows, 0.3)


def test_figures_are_those_of_the_decisions() -> None:
    outcomes = np.array([0, 0, 0, 1])
    measured = figures(outcomes, np.array([0.1, 0.2, 0.7, 0.6]), 0.5)
    assert measured["accuracy"] == 0.75
    assert measured["precision"] == 0.5
    assert measured["recall"] == 1.0
    assert measured["balanced_accuracy"] == pytest.approx(5 / 6, abs=1e-6)
    assert measured["roc_auc"] == pytest.approx(2 / 3, abs=1e-6)
    assert measured["positive_rate"] == 0.25
    assert measured["predicted_positive_rate"] == 0.5


def test_a_gate_names_only_the_figures_that_fail() -> None:
    gates = [Gate(metric="roc_auc", minimum=0.75), Gate(metric="recall", minimum=0.5)]
    refuse_below(gates, {"roc_auc": 0.75, "recall": 0.5})
    with pytest.raises(JobError) as caught:
        refuse_below(gates, {"roc_auc": 0.7499, "recall": 0.9})
    assert caught.value.reason == "GateFailed"
    assert "roc_auc is 0.7499, the minimum is 0.75" in caught.value.message
    assert "recall is" not in caught.value.message


def test_a_figure_that_is_not_a_number_does_not_pass_the_gate() -> None:
    with pytest.raises(JobError, match="GateFailed"):
        refuse_below([Gate(metric="f1", minimum=0.0)], {"f1": float("nan")})


@pytest.mark.parametrize("rows", [5, 100, 28_638])
def test_slices_by_time_hold_every_row_once_and_the_latest_last(rows: int) -> None:
    slices = Slices.of(rows)
    assert slices.grow.start == 0
    assert slices.grow.stop == slices.validate.start
    assert slices.validate.stop == slices.holdout.start
    assert slices.holdout.stop == rows
    assert rows - slices.holdout.start == pytest.approx(rows * 0.2, abs=1)
