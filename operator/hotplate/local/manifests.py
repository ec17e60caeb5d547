"""The manifests of a local run: one FeatureStore, and the ModelDeployment that refers to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hotplate.api import FeatureStore, ModelDeployment, Resource, load_manifests
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.model_deployment import EMBEDDED
from hotplate.local.errors import LocalError

R = TypeVar("R", FeatureStore, ModelDeployment)


@dataclass(frozen=True)
class Manifests:
    """A FeatureStore with its definitions, and a ModelDeployment with its bento.

    `golden_rows` is the file that takes the place of the ConfigMap of `rollout.goldenRows`.
    """

    feature_store: FeatureStore
    definitions: Path
    model_deployment: ModelDeployment
    bento: Path
    golden_rows: Path | None = None

    @property
    def uses_embedded(self) -> bool:
        """Whether the resources keep anything in the embedded Valkey."""
        store, model = self.feature_store.spec, self.model_deployment.spec.model
        return store.uses_embedded_store or model.store == EMBEDDED


def read(path: Path) -> Manifests:
    """Read the file's two resources and find their sources.

    Raises:
        ManifestError: a resource is not valid.
        LocalError: a resource or its sources are missing.
    """
    if not path.is_file():
        raise LocalError(f"{path}: expected a file, and there is none")
    resources = load_manifests(path)
    feature_store = _only(path, [r for r in resources if isinstance(r, FeatureStore)])
    model_deployment = _only(path, [r for r in resources if isinstance(r, ModelDeployment)])
    _refuse_other_store(path, feature_store, model_deployment)
    return Manifests(
        feature_store,
        _source(path, feature_store, names.LOCAL_DEFINITIONS),
        model_deployment,
        _source(path, model_deployment, names.LOCAL_BENTO),
        _golden_rows(path, model_deployment),
    )


def _only(path: Path, found: list[R]) -> R:
    if len(found) != 1:
        raise LocalError(
            f"{path}: a local run takes one FeatureStore and one ModelDeployment; "
            f"{len(found)} of a kind were found"
        )
    return found[0]


def _refuse_other_store(
    path: Path, feature_store: FeatureStore, model_deployment: ModelDeployment
) -> None:
    wanted = model_deployment.spec.feature_store_ref.name
    if wanted != feature_store.metadata.name:
        raise LocalError(
            f"{path}, ModelDeployment {model_deployment.metadata.name}: "
            f"spec.featureStoreRef.name: {wanted}: expected {feature_store.metadata.name}, "
            "the FeatureStore of the same file"
        )


def _golden_rows(path: Path, model_deployment: ModelDeployment) -> Path | None:
    if model_deployment.spec.rollout.golden_rows is None:
        return None
    expected = "file with the golden rows"
    file = _annotated(path, model_deployment, names.LOCAL_GOLDEN_ROWS, expected)
    if not file.is_file():
        raise LocalError(f"{path}: {names.LOCAL_GOLDEN_ROWS}: {file}: no such file")
    return file


def _source(path: Path, resource: Resource, annotation: str) -> Path:
    folder = _annotated(path, resource, annotation, "folder of the sources")
    if not folder.is_dir():
        raise LocalError(f"{path}: {annotation}: {folder}: no such folder")
    return folder


def _annotated(path: Path, resource: Resource, annotation: str, expected: str) -> Path:
    value = resource.metadata.annotations.get(annotation)
    if value is None:
        raise LocalError(
            f"{path}, {resource.kind} {resource.metadata.name}: metadata.annotations.{annotation}:"
            f" not set: expected the {expected}, relative to the manifest"
        )
    return (path.parent / value).resolve()
