"""What a scoring process starts with: its settings, its read plan, and a model that fits both."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from hotplate.model.artifact_store import artifact_store
from hotplate.model.bundle import BundleStore
from hotplate.model.errors import ArtifactError, ModelCorruptError, ModelError
from hotplate.model.feature_contract import check_contract
from hotplate.model.onnx import Model
from hotplate.protocol import bentoml_environment
from hotplate.protocol.errors import SettingsError
from hotplate.protocol.read_plan import ReadPlan, ReadPlanError
from hotplate.protocol.serving_settings import (
    SETTINGS_VARIABLE,
    ModelSettings,
    ServingSettings,
    parse_settings,
)


def load_settings(environment: Mapping[str, str]) -> ServingSettings:
    """Return the settings in the file that HOTPLATE_SERVING names; raise `SettingsError`."""
    name = environment.get(SETTINGS_VARIABLE)
    if not name:
        raise SettingsError(f"{SETTINGS_VARIABLE} is not set: it names the serving settings file")
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise SettingsError(f"{SETTINGS_VARIABLE}: cannot read {name}: {error.strerror}") from error
    return parse_settings(data, name)


def load_model(settings: ServingSettings) -> tuple[ReadPlan, Model]:
    """Return the part of the read plan that the feature service reads, and the model.

    Raises `ModelError`.
    """
    plan = _read_plan(settings)
    try:
        return plan, _model(settings, plan)
    except ModelCorruptError as error:
        raise ModelCorruptError(f"{error}; {_repair(settings.model)}") from error


def _read_plan(settings: ServingSettings) -> ReadPlan:
    store = _Artifacts(settings.read_plan_artifacts or settings.artifacts)
    try:
        plan = ReadPlan.from_json(store.get(settings.read_plan))
        return plan.for_service(settings.feature_service)
    except (ArtifactError, ReadPlanError) as error:
        raise ModelError(f"read plan {settings.read_plan}: {error}") from error


def _model(settings: ServingSettings, plan: ReadPlan) -> Model:
    tag = settings.model.tag
    bundle = BundleStore().fetch(tag, settings.model.artifact, _Artifacts(settings.artifacts))
    check_contract(tag, bundle.contract, plan, settings.feature_service)
    return Model(tag, bundle.contract, bundle.onnx)


def _repair(model: ModelSettings) -> str:
    """Return the command that has the next start import the model again."""
    home = os.environ.get(bentoml_environment.HOME)
    command = f"bentoml models delete -y {model.tag}"
    if home:
        command = f"{bentoml_environment.HOME}={home} {command}"
    return f"delete it with `{command}`: the next start imports it again"


class _Artifacts:
    """An artifact store; whatever its medium raises is an `ArtifactError` with the same text."""

    def __init__(self, url: str | None) -> None:
        self._url = url

    def get(self, digest: str) -> bytes:
        if self._url is None:
            raise ArtifactError("the FeatureStore embeds no store, so it keeps no artifacts")
        try:
            return artifact_store(self._url).get(digest)
        except ArtifactError:
            raise
        except Exception as error:
            raise ArtifactError(f"the artifact store does not answer: {error}") from error
