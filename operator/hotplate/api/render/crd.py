"""The two CustomResourceDefinitions, rendered from the models."""

from __future__ import annotations

from typing import Any

import yaml

from hotplate.api.render.structural_schema import structural_schema
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.conditions import UNSEEN, ConditionStatus, ConditionType, Reason
from hotplate.api.v1alpha1.feature_store import FeatureStore
from hotplate.api.v1alpha1.model_deployment import ModelDeployment

_DEFAULT_READY = {
    "type": ConditionType.READY.value,
    "status": ConditionStatus.UNKNOWN.value,
    "reason": Reason.PENDING.value,
    "message": UNSEEN,
    "observedGeneration": 0,
    "lastTransitionTime": "1970-01-01T00:00:00Z",
}
"""`Ready` before any operator reconciles; without it, tools would take the resource as ready."""

_HEADER = "# Generated from operator/hotplate/api by `hotplate crds`; do not edit.\n"


def custom_resource_definitions() -> dict[str, str]:
    """Return the YAML text of each definition by its file name."""
    definitions = (_feature_stores(), _model_deployments())
    return {
        f"{definition['metadata']['name']}.yaml": _HEADER + _yaml(definition)
        for definition in definitions
    }


def _feature_stores() -> dict[str, Any]:
    version = {
        "schema": {"openAPIV3Schema": _root_schema(FeatureStore)},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            _ready_column(),
            _column("Revision", ".status.revision.id", "Revision of the applied definitions."),
            _column(
                "Views", ".status.freshViews", "Views that are materialized and not stale, of all."
            ),
            _column("Stalest", ".status.oldestWatermark", "Age of the stalest view.", "date"),
            _column("Age", ".metadata.creationTimestamp", "Age of the resource.", "date"),
            _reason_column(),
        ],
    }
    return _definition(names.FEATURE_STORE, names.FEATURE_STORES, "fs", version)


def _model_deployments() -> dict[str, Any]:
    version = {
        "schema": {"openAPIV3Schema": _root_schema(ModelDeployment)},
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
        "additionalPrinterColumns": [
            _ready_column(),
            _column("Model", ".status.stable.model", "Model that serves requests."),
            _column("Stable", ".status.stable.ready", "Ready pods of the revision that serves."),
            _column("Age", ".metadata.creationTimestamp", "Age of the resource.", "date"),
            _reason_column(),
        ],
    }
    return _definition(names.MODEL_DEPLOYMENT, names.MODEL_DEPLOYMENTS, "md", version)


def _definition(kind: str, plural: str, short_name: str, version: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{names.GROUP}",
            "labels": {names.NAME_LABEL: "hotplate"},
        },
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [short_name],
                "categories": [names.CATEGORY],
            },
            "versions": [{"name": names.VERSION, "served": True, "storage": True, **version}],
        },
    }


def _root_schema(model: type[FeatureStore | ModelDeployment]) -> dict[str, Any]:
    """Return the schema of a whole resource; the API server adds that of the metadata."""
    schema = structural_schema(model)
    properties = schema["properties"]
    for name in ("apiVersion", "kind"):
        properties[name] = {"type": "string"}
    properties["metadata"] = {"type": "object"}
    properties["status"]["default"] = {"conditions": [_DEFAULT_READY]}
    schema["required"] = ["metadata", "spec"]
    return schema


def _ready_column() -> dict[str, str]:
    path = '.status.conditions[?(@.type=="Ready")].status'
    return _column("Ready", path, "Whether the resource is as its spec says.")


def _reason_column() -> dict[str, Any]:
    """Return the column of `--output=wide` with the reason of `Ready`."""
    path = '.status.conditions[?(@.type=="Ready")].reason'
    return _column("Reason", path, "Why the resource is ready or not.") | {"priority": 1}


def _column(name: str, path: str, description: str, kind: str = "string") -> dict[str, str]:
    return {"name": name, "type": kind, "jsonPath": path, "description": description}


class _Dumper(yaml.SafeDumper):
    """YAML without anchors, so that equal parts are written out."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Return that no node is an alias of another."""
        return True


def _yaml(manifest: dict[str, Any]) -> str:
    return yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)
