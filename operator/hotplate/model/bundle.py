"""The model: found in BentoML's model store or imported there, checked, and asked.

It is checked before it serves: the file has the hash its contract says, the contract is the one
that training wrote, and the feature service is the one it was trained on.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bentoml
import onnxruntime

from hotplate.model.artifact_store import ArtifactError, ArtifactStore, digest_of
from hotplate.model.errors import ModelError
from hotplate.model.feature_contract import ContractError, FeatureContract
from hotplate.protocol.read_plan import ReadPlan, ReadPlanError
from hotplate.protocol.serving_settings import ModelSettings, ServingSettings

_FILE, _CONTRACT = "model.onnx", "contract.json"


class Model:
    """A classifier in ONNX with its feature contract; one thread, one row or many."""

    def __init__(self, version: str, contract: FeatureContract, onnx: bytes) -> None:
        self.version = version
        self.contract = contract
        self._session = onnxruntime.InferenceSession(
            onnx, _options(), providers=["CPUExecutionProvider"]
        )

    def probabilities(self, rows: Sequence[Mapping[str, Any]]) -> list[float]:
        """Return the probability of the target for each row of feature values."""
        features = self.contract.encode(rows)
        (output,) = self._session.run(["probabilities"], {"features": features})
        return [min(max(probability, 0.0), 1.0) for probability in output[:, -1].tolist()]


def load_model(settings: ServingSettings, store: ArtifactStore, plan: ReadPlan) -> Model:
    """Return the model that the settings name, checked; raise `ModelError`."""
    folder = _folder(settings.model, store)
    contract = _contract(settings.model.tag, folder)
    onnx = _checked_file(settings.model.tag, folder, contract)
    _check_contract(settings, contract, plan)
    try:
        return Model(settings.model.tag, contract, onnx)
    except Exception as error:
        raise _corrupted(settings.model.tag, f"{_FILE} is not an ONNX model: {error}") from error


def read_plan(settings: ServingSettings, store: ArtifactStore) -> ReadPlan:
    """Return the part of the read plan that the feature service reads; raise `ModelError`."""
    try:
        plan = ReadPlan.from_json(_artifact(store, settings.read_plan))
        return plan.for_service(settings.feature_service)
    except (ArtifactError, ReadPlanError) as error:
        raise ModelError(f"read plan {settings.read_plan}: {error}") from error


def _artifact(store: ArtifactStore, digest: str) -> bytes:
    """Return the artifact; whatever a store's medium raises is an `ArtifactError` with its text."""
    try:
        return store.get(digest)
    except ArtifactError:
        raise
    except Exception as error:
        raise ArtifactError(f"the artifact store does not answer: {error}") from error


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return options


def _folder(model: ModelSettings, store: ArtifactStore) -> Path:
    """Return the model's folder in BentoML's model store, importing the artifact if need be."""
    try:
        return Path(bentoml.models.get(model.tag).path)
    except bentoml.exceptions.NotFound:
        return _imported(model, store)


def _imported(model: ModelSettings, store: ArtifactStore) -> Path:
    try:
        data = _artifact(store, model.artifact)
    except ArtifactError as error:
        raise ModelError(f"model {model.tag}: {error}") from error
    with tempfile.NamedTemporaryFile(suffix=".bentomodel") as file:
        file.write(data)
        file.flush()
        try:
            imported = bentoml.models.import_model(file.name)
        except Exception as error:
            raise ModelError(
                f"model {model.tag}: artifact {model.artifact} is not an exported model: {error}"
            ) from error
    if str(imported.tag) != model.tag:
        raise ModelError(f"artifact {model.artifact} is model {imported.tag}, not {model.tag}")
    return Path(imported.path)


def _contract(tag: str, folder: Path) -> FeatureContract:
    try:
        return FeatureContract.from_json((folder / _CONTRACT).read_bytes())
    except (OSError, ContractError) as error:
        raise _corrupted(tag, f"{_CONTRACT}: {error}") from error


def _checked_file(tag: str, folder: Path, contract: FeatureContract) -> bytes:
    try:
        onnx = (folder / _FILE).read_bytes()
    except OSError as error:
        raise _corrupted(tag, f"{_FILE}: {error}") from error
    if digest_of(onnx) != contract.model_hash:
        raise _corrupted(
            tag, f"{_FILE} has the hash {digest_of(onnx)}, {contract.model_hash} was trained"
        )
    return onnx


def _home() -> str:
    """Return what a shell must be told of BentoML's home, where it is not the default."""
    home = os.environ.get("BENTOML_HOME")
    return f"BENTOML_HOME={home} " if home else ""


def _corrupted(tag: str, what: str) -> ModelError:
    return ModelError(
        f"model {tag} is corrupted: {what}; "
        f"delete it with `{_home()}bentoml models delete -y {tag}`: the next start imports it anew"
    )


def _check_contract(settings: ServingSettings, contract: FeatureContract, plan: ReadPlan) -> None:
    tag, service = settings.model.tag, settings.feature_service
    if contract.feature_service != service:
        raise ModelError(
            f"model {tag} was trained on feature service {contract.feature_service}, "
            f"this deployment serves {service}: train on {service}, or serve the other one"
        )
    if contract.service_hash != plan.hash:
        raise ModelError(
            f"model {tag} was trained on other features than feature service {service} has now: "
            f"{differences(contract, plan)}; train the model again, or restore the definitions"
        )


def differences(contract: FeatureContract, plan: ReadPlan) -> str:
    """Return what differs between the model's features and those that the plan serves."""
    trained = {
        feature.name: (feature.source, feature.dtype)
        for feature in contract.features
        if feature.source != "request"
    }
    types = {
        (view.name, feature.name): feature.dtype for view in plan.views for feature in view.features
    } | {
        (view.name, feature.name): feature.dtype
        for view in plan.on_demand_views
        for feature in view.outputs
    }
    served = {
        feature.name: (feature.view, types[feature.view, feature.name])
        for feature in plan.feature_services[0].features
    }
    parts = [
        *(f"no longer served: {'.'.join((trained[n][0], n))}" for n in trained if n not in served),
        *(f"new: {'.'.join((served[n][0], n))}" for n in served if n not in trained),
        *(
            f"{n}: trained as {' '.join(trained[n])}, served as {' '.join(served[n])}"
            for n in trained
            if n in served and trained[n] != served[n]
        ),
    ]
    return "; ".join(parts) or "same features, but a ttl, join key, order or function changed"
