"""Metadata of every child: name, labels, and the owner that it is deleted with."""

from __future__ import annotations

from hotplate.api import Resource
from hotplate.api.v1alpha1 import names
from hotplate.controller.kube.manifest import Manifest, without_empty

MANAGER = "hotplate"
"""Value of the labels that say what an object is part of, and what manages it."""


def labels(owner: Resource, component: str) -> dict[str, str]:
    """Return the labels of an owner's child, by which its pods are selected."""
    return {
        names.NAME_LABEL: MANAGER,
        names.INSTANCE_LABEL: names.label_value(owner.metadata.name),
        names.OWNER_KIND_LABEL: owner.kind,
        names.COMPONENT_LABEL: component,
    }


def selector(owner: Resource, component: str) -> str:
    """Return the label selector of an owner's children and their pods, as a query has it."""
    return ",".join(f"{key}={value}" for key, value in labels(owner, component).items())


def metadata(
    owner: Resource, name: str, component: str, annotations: dict[str, str] | None = None
) -> Manifest:
    """Return the metadata of an owner's child."""
    return without_empty(
        {
            "name": name,
            "namespace": owner.metadata.namespace,
            "labels": {**labels(owner, component), names.MANAGED_BY_LABEL: MANAGER},
            "annotations": annotations,
            "ownerReferences": [owner_reference(owner)],
        }
    )


def outliving(owner: Resource, described: Manifest) -> Manifest:
    """Return the metadata of a child that outlives its owner: an annotation names the owner."""
    own = {field: value for field, value in described.items() if field != "ownerReferences"}
    return own | {"annotations": {names.OWNER_ANNOTATION: owner.metadata.name}}


def owner_reference(owner: Resource) -> Manifest:
    """Return the reference by which Kubernetes deletes a child with its owner."""
    return {
        "apiVersion": owner.api_version,
        "kind": owner.kind,
        "name": owner.metadata.name,
        "uid": owner.metadata.uid,
        "controller": True,
    }
