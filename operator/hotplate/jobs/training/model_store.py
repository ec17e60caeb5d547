"""Models as Jobs keep them: in the workspace's model store, and as artifacts in `spec.model.store`.

The trained estimator is kept beside the bundle, for people who look into it with scikit-learn.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager

import joblib
from sklearn.tree import DecisionTreeClassifier

from hotplate.api import ModelDeployment
from hotplate.api.v1alpha1.model_source import EMBEDDED
from hotplate.jobs.aws.artifacts import job_artifacts
from hotplate.jobs.errors import JobError
from hotplate.jobs.workspace import Workspace
from hotplate.model.artifact_store import ArtifactStore
from hotplate.model.bundle import Bundle, BundleStore
from hotplate.model.errors import ContractMismatchError, ModelCorruptError, ModelMissingError
from hotplate.protocol import bentoml_environment

ESTIMATOR_FILE = "estimator.joblib"


def bundle_store(workspace: Workspace) -> BundleStore:
    """Return the workspace's model store; raise `JobError` when it has none."""
    if workspace.model_store_home is None:
        raise JobError(
            "ModelStoreMissing", f"no model store was given: set {bentoml_environment.HOME}"
        )
    os.environ.setdefault(bentoml_environment.DO_NOT_TRACK, "True")
    return BundleStore(workspace.model_store_home)


def model_artifacts(workspace: Workspace, model_deployment: ModelDeployment) -> ArtifactStore:
    """Return the artifact store that `spec.model.store` names."""
    url = model_deployment.spec.model.store
    return job_artifacts(workspace.embedded if url == EMBEDDED else url)


def save_model(
    store: BundleStore,
    bundle: Bundle,
    estimator: DecisionTreeClassifier,
    metrics: dict[str, float],
) -> None:
    """Save a trained model with its metrics and its estimator."""
    metadata = {
        "feature_service": bundle.contract.feature_service,
        "contract_hash": bundle.contract.hash,
        "metrics": metrics,
    }
    serialized = io.BytesIO()
    joblib.dump(estimator, serialized)
    store.save(bundle, metadata, {ESTIMATOR_FILE: serialized.getvalue()})


@contextmanager
def model_errors() -> Iterator[None]:
    """Turn the errors of models into a `JobError`: ModelMissing, ModelCorrupt, ContractMismatch."""
    try:
        yield
    except ModelMissingError as error:
        raise JobError("ModelMissing", f"{error}: train it first, or check spec.model") from error
    except ModelCorruptError as error:
        raise JobError("ModelCorrupt", f"{error}; train it again") from error
    except ContractMismatchError as error:
        raise JobError("ContractMismatch", str(error)) from error
