"""The model in BentoML's model store, under a version that its feature contract gives it.

The same contract is the same version: training again on the same data finds the model there.
"""

from __future__ import annotations

import logging
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bentoml
import joblib
from bentoml._internal.models.model import ModelStore
from bentoml.exceptions import BentoMLException, NotFound
from sklearn.tree import DecisionTreeClassifier

from hotplate.api import ModelDeployment
from hotplate.api.v1alpha1.model_deployment import EMBEDDED
from hotplate.jobs.aws.artifacts import job_artifacts
from hotplate.jobs.errors import JobError
from hotplate.jobs.workspace import Workplace
from hotplate.model.artifact_store import ArtifactError, ArtifactStore, digest_of
from hotplate.model.feature_contract import ContractError, FeatureContract

logger = logging.getLogger(__name__)

MODEL_FILE = "model.onnx"
CONTRACT_FILE = "contract.json"
ESTIMATOR_FILE = "estimator.joblib"
_VERSION_DIGITS = 16


@dataclass(frozen=True)
class TrainedModel:
    """All that is saved of a model."""

    name: str
    contract: FeatureContract
    onnx: bytes
    estimator: DecisionTreeClassifier
    metrics: dict[str, float]

    @property
    def tag(self) -> str:
        """BentoML's tag: the name, and digits of the contract's hash."""
        digits = self.contract.hash.removeprefix("sha256:")[:_VERSION_DIGITS]
        return f"{self.name}:{digits}"


class ModelFolder:
    """The model store in one BENTOML_HOME."""

    def __init__(self, home: Path) -> None:
        os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
        folder = home / "models"
        folder.mkdir(parents=True, exist_ok=True)
        self._store = ModelStore(folder)

    def save(self, model: TrainedModel) -> None:
        """Save the model, unless it is there whole; what a killed run left of it is replaced."""
        if self._is_whole(model):
            logger.info("model %s is in the model store already", model.tag)
            return
        self._delete(model.tag)
        with bentoml.models.create(
            model.tag, metadata=_metadata(model), _model_store=self._store
        ) as saved:
            folder = Path(saved.path)
            (folder / MODEL_FILE).write_bytes(model.onnx)
            joblib.dump(model.estimator, folder / ESTIMATOR_FILE)
            (folder / CONTRACT_FILE).write_bytes(model.contract.to_json())

    def exported(self, tag: str) -> bytes:
        """Return the model as BentoML exports it, a .bentomodel archive."""
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "model.bentomodel")
            written = bentoml.models.export_model(tag, path, _model_store=self._store)
            return Path(written).read_bytes()

    def bring(self, tag: str, artifact: str, artifacts: ArtifactStore) -> None:
        """Import a model from its artifact, unless it is in the model store already.

        Raises:
            JobError: ModelMissing, the artifact cannot be had or is another model.

        """
        try:
            bentoml.models.get(tag, _model_store=self._store)
        except NotFound:
            self._import(tag, artifact, artifacts)

    def _import(self, tag: str, artifact: str, artifacts: ArtifactStore) -> None:
        try:
            data = artifacts.get(artifact)
        except ArtifactError as error:
            raise JobError("ModelMissing", f"model {tag}: {error}") from error
        with tempfile.NamedTemporaryFile(suffix=".bentomodel") as file:
            file.write(data)
            file.flush()
            imported = bentoml.models.import_model(file.name, _model_store=self._store)
        if str(imported.tag) != tag:
            raise JobError("ModelMissing", f"artifact {artifact} is {imported.tag}, not {tag}")

    def contract(self, tag: str) -> FeatureContract:
        """Return the feature contract of a model; `name:latest` is the one made last.

        Raises:
            JobError: ModelMissing or ModelCorrupt.

        """
        try:
            folder = Path(bentoml.models.get(tag, _model_store=self._store).path)
        except NotFound as error:
            raise JobError(
                "ModelMissing", f"model {tag} is not in the model store: train it first"
            ) from error
        try:
            contract = FeatureContract.from_json((folder / CONTRACT_FILE).read_bytes())
            digest = digest_of((folder / MODEL_FILE).read_bytes())
        except (OSError, ContractError) as error:
            raise JobError("ModelCorrupt", f"model {tag}: {error}; train it again") from error
        if digest != contract.model_hash:
            raise JobError(
                "ModelCorrupt",
                f"model {tag}: {MODEL_FILE} has the hash {digest}, {contract.model_hash} was "
                "trained; train it again",
            )
        return contract

    def model_file(self, tag: str) -> bytes:
        """Return the ONNX file of a model whose contract was read."""
        path = Path(bentoml.models.get(tag, _model_store=self._store).path)
        return (path / MODEL_FILE).read_bytes()

    def _is_whole(self, model: TrainedModel) -> bool:
        try:
            return self.contract(model.tag) == model.contract
        except (JobError, BentoMLException):
            return False

    def _delete(self, tag: str) -> None:
        try:
            self._store.delete(tag)
        except NotFound:
            return


def model_folder(workplace: Workplace) -> ModelFolder:
    """Return the workplace's model store; raise `JobError` when it has none."""
    if workplace.model_store_home is None:
        raise JobError("ModelStoreMissing", "no model store was given: set BENTOML_HOME")
    return ModelFolder(workplace.model_store_home)


def model_artifacts(workplace: Workplace, model_deployment: ModelDeployment) -> ArtifactStore:
    """Return the artifact store that `spec.model.store` names."""
    url = model_deployment.spec.model.store
    return job_artifacts(workplace.embedded if url == EMBEDDED else url)


def _metadata(model: TrainedModel) -> dict[str, Any]:
    return {
        "feature_service": model.contract.feature_service,
        "contract_hash": model.contract.hash,
        "metrics": model.metrics,
    }
