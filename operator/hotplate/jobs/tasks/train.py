"""Train a model on labels and features, evaluate it on later rows, and save it.

The rows are split by time: the first 64 % grow the tree, the next 16 % choose the decision
threshold, the last 20 % evaluate both.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from hotplate.api import ModelDeployment
from hotplate.api.v1alpha1.training import Training
from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.applied import open_applied
from hotplate.jobs.repository.session import job_errors
from hotplate.jobs.training import tree
from hotplate.jobs.training.encoding import model_input, with_categories
from hotplate.jobs.training.evaluation import Slices, figures, refuse_below
from hotplate.jobs.training.labels import TrainingTable, training_table
from hotplate.jobs.training.model_store import bundle_store, model_artifacts, save_model
from hotplate.jobs.workspace import Workspace
from hotplate.model.artifact_store import digest_of
from hotplate.model.bundle import Bundle
from hotplate.model.feature_contract import FeatureContract
from hotplate.protocol.job_results import TrainResult
from hotplate.protocol.read_plan import short_hash

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainedModel:
    """A model that passed the gate: its bundle, the estimator it was converted from, figures."""

    bundle: Bundle
    estimator: DecisionTreeClassifier
    metrics: dict[str, float]


def run(workspace: Workspace, model_deployment: ModelDeployment) -> TrainResult:
    """Train the model, and save it to the model store and as an artifact.

    Raises:
        JobError: GateFailed with the figures, nothing saved; or what the labels or the feature
            service lack.

    """
    training = _training(model_deployment)
    service = model_deployment.spec.feature_service
    store, plan = open_applied(workspace)
    with job_errors(workspace):
        table = training_table(workspace, store, plan, training.labels, service)
    contract = FeatureContract(
        feature_service=service,
        service_hash=plan.for_service(service).hash,
        features=table.features,
        target=table.target,
        threshold=1.0,
        model_hash="",
    )
    model = _trained(model_deployment.metadata.name, training, contract, table)
    return _saved(workspace, model_deployment, model, len(table.rows))


def _training(model_deployment: ModelDeployment) -> Training:
    training = model_deployment.spec.training
    if training is None:
        raise JobError(
            "TrainingMissing",
            f"ModelDeployment {model_deployment.metadata.name}: spec.training is not set: "
            "set it to train a model",
        )
    return training


def _trained(
    name: str, training: Training, draft: FeatureContract, table: TrainingTable
) -> TrainedModel:
    """Return the model that passed the gate; raise `JobError` GateFailed."""
    outcomes = table.rows[table.target].to_numpy(dtype=np.int64)
    slices = Slices.of(len(outcomes))
    _refuse_one_outcome(outcomes, slices)
    features = with_categories(table.features, table.rows[slices.grow])
    draft = draft.model_copy(update={"features": features})
    inputs = model_input(draft, table.rows)
    classifier = tree.grown(training.tree, inputs[slices.grow], outcomes[slices.grow])
    at = tree.threshold(classifier, inputs[slices.validate], outcomes[slices.validate])
    probabilities = tree.probability(classifier, inputs[slices.holdout])
    measured = figures(outcomes[slices.holdout], probabilities, at)
    logger.info("on %d later rows: %s", len(probabilities), measured)
    refuse_below(training.gate, measured)
    onnx = tree.onnx_model(classifier, len(features))
    tree.refuse_differences(classifier, onnx, inputs, at)
    contract = draft.model_copy(update={"threshold": at, "model_hash": digest_of(onnx)})
    bundle = Bundle.of(name, contract, onnx)
    return TrainedModel(bundle, classifier, measured | _sizes(slices, table, at))


def _refuse_one_outcome(outcomes: tree.Outcomes, slices: Slices) -> None:
    for name, part in (
        ("first 64 %", slices.grow),
        ("next 16 %", slices.validate),
        ("last 20 %", slices.holdout),
    ):
        if len(set(outcomes[part].tolist())) < 2:
            raise JobError(
                "LabelsInvalid",
                f"the {name} of the {len(outcomes)} rows, in order of time, lack one of the two "
                "outcomes: give more labels",
            )


def _sizes(slices: Slices, table: TrainingTable, at: float) -> dict[str, float]:
    return {
        "threshold": round(at, 6),
        "rows_train": float(slices.grow.stop),
        "rows_validation": float(slices.validate.stop - slices.validate.start),
        "rows_holdout": float(slices.holdout.stop - slices.holdout.start),
        "rows_left_out": float(table.left_out),
    }


def _saved(
    workspace: Workspace, model_deployment: ModelDeployment, model: TrainedModel, rows: int
) -> TrainResult:
    store, bundle = bundle_store(workspace), model.bundle
    save_model(store, bundle, model.estimator, model.metrics)
    with job_errors(workspace):
        digest = model_artifacts(workspace, model_deployment).put(store.export(bundle.tag))
    logger.info("saved %s, artifact %s", bundle.tag, digest)
    return TrainResult(
        version=bundle.tag,
        artifact=digest,
        contract_hash=bundle.contract.hash,
        service_hash=short_hash(bundle.contract.service_hash),
        feature_service=bundle.contract.feature_service,
        rows=rows,
        metrics=model.metrics,
    )
