"""The manifests of a local run: one FeatureStore, and the ModelDeployment that refers to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hotplate.api import FeatureStore, ModelDeployment, load_manifests
from hotplate.api.v1alpha1 import names
from hotplate.local.errors import LocalError

Resource = TypeVar("Resource", FeatureStore, ModelDeployment)


@dataclass(frozen=True)
class Manifests:
    """A FeatureStore with its definitions, and a ModelDeployment with its bento."""

    feature_store: FeatureStore
    definitions: Path
    model_deployment: ModelDeployment
    bento: Path


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
    )


def _only(path: Path, found: list[Resource]) -> Resource:
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


def _source(path: Path, resource: FeatureStore | ModelDeployment, annotation: str) -> Path:
    where = f"{path}, {resource.kind} {resource.metadata.name}: metadata.annotations.{annotation}"
    value = (resource.metadata.annotations or {}).get(annotation)
    if value is None:
        raise LocalError(
            f"{where}: not set: expected the folder of the sources, relative to the manifest"
        )
    folder = (path.parent / value).resolve()
    if not folder.is_dir():
        raise LocalError(f"{where}: {value}: expected a folder; {folder} is none")
    return folder
