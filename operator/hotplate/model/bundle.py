"""Bundles in BentoML's model store: a model's ONNX file and its feature contract.

A bundle's version follows from its contract, so that training again on the same data finds the
bundle in the store. It travels between stores as the archive that BentoML exports.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import bentoml
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models.model import ModelStore
from bentoml.exceptions import NotFound

from hotplate.model.artifact_store import Artifacts, digest_of
from hotplate.model.errors import (
    ArtifactError,
    ContractError,
    ModelCorruptError,
    ModelError,
    ModelMissingError,
)
from hotplate.model.feature_contract import FeatureContract

logger = logging.getLogger(__name__)

MODEL_FILE = "model.onnx"
CONTRACT_FILE = "contract.json"
_VERSION_DIGITS = 16


@dataclass(frozen=True)
class Bundle:
    """A model as it is stored; `tag` is BentoML's, name:version."""

    tag: str
    contract: FeatureContract
    onnx: bytes

    @classmethod
    def of(cls, name: str, contract: FeatureContract, onnx: bytes) -> Self:
        """Return the bundle of a new model, its version the first digits of the contract's hash."""
        version = contract.hash.removeprefix("sha256:")[:_VERSION_DIGITS]
        return cls(f"{name}:{version}", contract, onnx)


class BundleStore:
    """The bundles of one BENTOML_HOME: that of this process, or another folder."""

    def __init__(self, home: Path | None = None) -> None:
        self._store = BentoMLContainer.model_store.get() if home is None else _store_in(home)

    def save(
        self,
        bundle: Bundle,
        metadata: Mapping[str, Any],
        files: Mapping[str, bytes],
    ) -> None:
        """Save the bundle with more files beside it, unless it is in the store intact.

        A bundle that an interrupted run left incomplete is replaced.
        """
        if self._is_intact(bundle):
            logger.info("model %s is in the model store already", bundle.tag)
            return
        self._delete(bundle.tag)
        contents = {
            MODEL_FILE: bundle.onnx,
            **files,
            CONTRACT_FILE: bundle.contract.to_json(),
        }
        with bentoml.models.create(
            bundle.tag, metadata=dict(metadata), _model_store=self._store
        ) as saved:
            for name, data in contents.items():
                (Path(saved.path) / name).write_bytes(data)

    def open(self, tag: str) -> Bundle:
        """Return a bundle, intact; `name:latest` is the newest one.

        Raises `ModelMissingError` or `ModelCorruptError`.
        """
        folder = self._folder(tag)
        try:
            contract = FeatureContract.from_json((folder / CONTRACT_FILE).read_bytes())
            onnx = (folder / MODEL_FILE).read_bytes()
        except (OSError, ContractError) as error:
            raise ModelCorruptError(f"model {tag} is corrupt: {error}") from error
        if (found := digest_of(onnx)) != contract.model_hash:
            raise ModelCorruptError(
                f"model {tag} is corrupt: {MODEL_FILE} has hash {found}, "
                f"the contract expects {contract.model_hash}"
            )
        return Bundle(tag, contract, onnx)

    def fetch(self, tag: str, artifact: str, artifacts: Artifacts) -> Bundle:
        """Return a bundle, imported from its artifact if it is not in the store.

        Raises `ModelMissingError` or `ModelCorruptError`.
        """
        try:
            self._folder(tag)
        except ModelMissingError:
            self._import(tag, artifact, artifacts)
        return self.open(tag)

    def export(self, tag: str) -> bytes:
        """Return a bundle as the archive that BentoML exports, a .bentomodel."""
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "model.bentomodel")
            written = bentoml.models.export_model(tag, path, _model_store=self._store)
            return Path(written).read_bytes()

    def _folder(self, tag: str) -> Path:
        try:
            return Path(bentoml.models.get(tag, _model_store=self._store).path)
        except NotFound as error:
            raise ModelMissingError(f"model {tag} is not in the model store") from error

    def _import(self, tag: str, artifact: str, artifacts: Artifacts) -> None:
        try:
            data = artifacts.get(artifact)
        except ArtifactError as error:
            raise ModelMissingError(f"model {tag}: {error}") from error
        with tempfile.NamedTemporaryFile(suffix=".bentomodel") as file:
            file.write(data)
            file.flush()
            try:
                imported = bentoml.models.import_model(file.name, _model_store=self._store)
            except Exception as error:
                raise ModelMissingError(
                    f"model {tag}: artifact {artifact} is not an exported model: {error}"
                ) from error
        if str(imported.tag) != tag:
            raise ModelMissingError(f"artifact {artifact} is model {imported.tag}, not {tag}")

    def _is_intact(self, bundle: Bundle) -> bool:
        try:
            return self.open(bundle.tag) == bundle
        except (ModelError, bentoml.exceptions.BentoMLException):
            return False

    def _delete(self, tag: str) -> None:
        try:
            self._store.delete(tag)
        except NotFound:
            return


def _store_in(home: Path) -> ModelStore:
    folder = home / "models"
    folder.mkdir(parents=True, exist_ok=True)
    return ModelStore(folder)
