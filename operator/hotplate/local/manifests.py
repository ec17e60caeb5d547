"""The manifests of a local run: one FeatureStore, and the ModelDeployment that refers to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hotplate.api import FeatureStore, ModelDeployment, Resource, load_manifests
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.model_source import EMBEDDED
from hotplate.local.errors import LocalError

R = TypeVar("R", FeatureStore, ModelDeployment)

_DEFINITIONS = "folder of the Feast repository"
_BENTO = "folder of the bento"


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
        raise LocalError(f"{path} is not a file: name the YAML file of the resources")
    resources = load_manifests(path)
    feature_store = _only(path, resources, FeatureStore)
    model_deployment = _only(path, resources, ModelDeployment)
    _refuse_other_store(path, feature_store, model_deployment)
    return Manifests(
        feature_store,
        _folder(_Annotation(path, feature_store, names.LOCAL_DEFINITIONS, _DEFINITIONS)),
        model_deployment,
        _folder(_Annotation(path, model_deployment, names.LOCAL_BENTO, _BENTO)),
        _golden_rows(path, model_deployment),
    )


def _only(path: Path, resources: Iterable[Resource], kind: type[R]) -> R:
    found = [resource for resource in resources if isinstance(resource, kind)]
    if len(found) != 1:
        raise LocalError(
            f"{path} has {len(found)} {kind.__name__} resources: expected one FeatureStore and one"
            " ModelDeployment, since a local run takes one of each"
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
    expected = "file of the golden rows, which takes the place of their ConfigMap"
    place = _Annotation(path, model_deployment, names.LOCAL_GOLDEN_ROWS, expected)
    if not place.value.is_file():
        raise place.error(f"{place.value} is not a file")
    return place.value


def _folder(place: _Annotation) -> Path:
    if not place.value.is_dir():
        raise place.error(f"{place.value} is not a folder")
    return place.value


@dataclass(frozen=True)
class _Annotation:
    """An annotation that names a file or folder, relative to the manifest's."""

    path: Path
    resource: Resource
    name: str
    expected: str

    @property
    def value(self) -> Path:
        """The file or folder; raise `LocalError` where the annotation is missing."""
        value = self.resource.metadata.annotations.get(self.name)
        if value is None:
            raise self.error("not set")
        return (self.path.parent / value).resolve()

    def error(self, problem: str) -> LocalError:
        """Return the error of a problem with the annotation."""
        resource = f"{self.resource.kind} {self.resource.metadata.name}"
        return LocalError(
            f"{self.path}, {resource}: metadata.annotations.{self.name}: {problem}: expected the"
            f" {self.expected}, relative to the manifest"
        )
