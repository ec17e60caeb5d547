"""Files that pods read: resources for Jobs, settings for scoring, and the contents of Secrets."""

from __future__ import annotations

import json
from typing import Any

import yaml

from hotplate.api import FeatureStore, Resource
from hotplate.api.fields.base import KeyRef
from hotplate.api.v1alpha1 import names
from hotplate.controller.children.metadata import metadata, outliving
from hotplate.controller.kube.manifest import Manifest
from hotplate.decide.fingerprint import fingerprint
from hotplate.protocol.pod_files import (
    CA_FILE,
    MANIFEST_FILE,
    PASSWORD_FILE,
    SETTINGS_FILE,
    USERNAME_FILE,
    key_of,
)

FILE_MODE = 0o440
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml's, ten times as fast
_COMPONENT = {names.FEATURE_STORE: "feature-store", names.MODEL_DEPLOYMENT: "model-deployment"}


def resource_file_name(owner: Resource) -> str:
    """Return the name of the ConfigMap with an owner's resources."""
    return names.child(owner.metadata.name, _COMPONENT[owner.kind])


def resource_file(owner: Resource, *resources: Resource) -> Manifest:
    """Return the ConfigMap with the resources that an owner's Jobs work on, without status."""
    documents = [_document(resource) for resource in resources]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(owner, resource_file_name(owner), _COMPONENT[owner.kind]),
        "data": {key_of(MANIFEST_FILE): yaml.dump_all(documents, Dumper=_DUMPER, sort_keys=False)},
    }


def teardown_file_name(owner: Resource) -> str:
    """Return the name of the ConfigMap that the teardown Job reads."""
    return names.child(owner.metadata.name, "teardown")


def teardown_file(owner: Resource) -> Manifest:
    """Return the ConfigMap for a resource's teardown Job; it outlives the resource."""
    described = metadata(owner, teardown_file_name(owner), "teardown")
    return resource_file(owner, owner) | {"metadata": outliving(owner, described)}


def settings_file(owner: Resource, settings: dict[str, Any]) -> Manifest:
    """Return the ConfigMap with a scoring process's settings.

    It is immutable and its name has the settings' hash: a pod of an earlier revision that restarts
    finds the settings that it was created with.
    """
    name = names.child(owner.metadata.name, f"settings-{fingerprint(settings)}")
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(owner, name, "settings"),
        "immutable": True,
        "data": {key_of(SETTINGS_FILE): json.dumps(settings, indent=2, sort_keys=True)},
    }


def secret_sources(feature_store: FeatureStore) -> list[Manifest]:
    """Return the projected volume's sources for the online store's CA, password and user.

    The kubelet replaces these files when a Secret changes, so that no pod has to be recreated.
    """
    cache = feature_store.spec.online_store.elasti_cache
    if cache is None:
        return []
    named = [(cache.tls.ca_secret_ref, CA_FILE)]
    if cache.auth is not None:
        named.append((cache.auth.password_secret_ref, PASSWORD_FILE))
        named.append((cache.auth.username_secret_ref, USERNAME_FILE))
    return [_secret_source(ref, path) for ref, path in named if ref is not None]


def _secret_source(ref: KeyRef, path: str) -> Manifest:
    item = {"key": ref.key, "path": key_of(path)}
    return {"secret": {"name": ref.name, "items": [item]}}


def _document(resource: Resource) -> Manifest:
    metadata = {"name": resource.metadata.name, "namespace": resource.metadata.namespace}
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": metadata,
        "spec": resource.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
    }
