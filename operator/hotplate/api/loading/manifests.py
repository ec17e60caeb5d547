"""Manifests on disk, validated as by the API server, with errors that name the field."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from hotplate.api.loading.problems import nulls, problems
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.feature_store import FeatureStore
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus
from hotplate.api.v1alpha1.model_deployment import ModelDeployment
from hotplate.api.v1alpha1.model_deployment_status import ModelDeploymentStatus

Resource = FeatureStore | ModelDeployment
ResourceStatus = FeatureStoreStatus | ModelDeploymentStatus

_MODELS: dict[str, type[FeatureStore | ModelDeployment]] = {
    names.FEATURE_STORE: FeatureStore,
    names.MODEL_DEPLOYMENT: ModelDeployment,
}


class ManifestError(Exception):
    """Manifests are not valid; the message has one line for each problem."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: times stay text, and duplicate keys are errors."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own class attribute
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the mapping; raise if it has a key twice."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"duplicate key {key_node.value}", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def load_manifests(path: Path) -> tuple[Resource, ...]:
    """Return the resources in a YAML file, in order; raise `ManifestError` with every problem."""
    resources: dict[tuple[str, str | None, str], Resource] = {}
    lines: list[str] = []
    for document in _documents(path):
        try:
            resource = parse_resource(document)
        except ManifestError as error:
            lines.extend(f"{path}, {_label(document)}: {line}" for line in error.lines)
            continue
        key = (resource.kind, resource.metadata.namespace, resource.metadata.name)
        if key in resources:
            where = f"{path}, {_label(document)}: metadata.name"
            lines.append(f"{where}: duplicate: expected each name only once")
        resources[key] = resource
    if not resources and not lines:
        lines.append(f"{path}: empty: expected a {' or '.join(_MODELS)}")
    if lines:
        raise ManifestError(tuple(lines))
    return tuple(resources.values())


def parse_resource(document: Any) -> Resource:
    """Return the resource in a document of plain JSON types; raise `ManifestError`."""
    model = _model(document)
    without_value = tuple(nulls(document.get("spec"), "spec"))
    if without_value:
        raise ManifestError(without_value)
    try:
        return model.model_validate_json(
            json.dumps(document), strict=True, by_alias=True, by_name=False
        )
    except ValidationError as error:
        raise ManifestError(tuple(problems(error, model))) from error


def _model(document: Any) -> type[FeatureStore | ModelDeployment]:
    if not isinstance(document, Mapping):
        raise ManifestError(
            (f"{type(document).__name__}: expected a map with apiVersion and kind",)
        )
    version, kind = document.get("apiVersion"), document.get("kind")
    lines = []
    if version != names.API_VERSION:
        lines.append(f"apiVersion: {version}: expected {names.API_VERSION}")
    if kind not in _MODELS:
        lines.append(f"kind: {kind}: expected {' or '.join(_MODELS)}")
    if lines:
        raise ManifestError(tuple(lines))
    return _MODELS[str(kind)]


def _documents(path: Path) -> Iterator[Any]:
    """Yield the YAML documents of a file that are not empty."""
    try:
        text = path.read_text(encoding="utf-8")
        documents = list(yaml.load_all(text, _Loader))
    except OSError as error:
        raise ManifestError((f"{path}: cannot be read: {error.strerror}",)) from error
    except UnicodeDecodeError as error:
        raise ManifestError((f"{path}: not UTF-8 text at byte {error.start}",)) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 0
        raise ManifestError((f"{path}, line {line}: not YAML: {error.problem}",)) from error
    except yaml.YAMLError as error:
        raise ManifestError((f"{path}: not YAML: {error}",)) from error
    return (document for document in documents if document is not None)


def _label(document: Any) -> str:
    if not isinstance(document, Mapping):
        return "document"
    metadata = document.get("metadata")
    name = metadata.get("name", "?") if isinstance(metadata, Mapping) else "?"
    return f"{document.get('kind', '?')} {name}"
