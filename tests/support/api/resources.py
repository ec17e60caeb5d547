"""Documents of the two resources for tests: complete by default, and only what matters is said."""

from __future__ import annotations

from typing import Any

from hotplate.api import FeatureStore, ModelDeployment, parse_resource

Document = dict[str, Any]


def feature_store_document(name: str = "credit-scoring", **spec: Any) -> Document:
    """Return a FeatureStore's document; keywords are fields of its spec, None leaves one out."""
    complete = {
        "project": "credit_scoring",
        "definitions": {"configMap": {"name": "credit-features"}},
        "registry": {"embedded": {}},
        "onlineStore": {"embedded": {}},
        "offlineStore": {"file": {}},
        **spec,
    }
    return _document("FeatureStore", name, complete)


def model_deployment_document(name: str = "credit-scoring", **spec: Any) -> Document:
    """Return a ModelDeployment's document; keywords are fields of its spec, None leaves one out.

    A model is served without being verified, unless the test says otherwise.
    """
    complete = {
        "featureStoreRef": {"name": "credit-scoring"},
        "featureService": "credit_scoring_v1",
        "bento": {"image": "hotplate/credit-scoring:0.1.0", "service": "CreditScoring"},
        "model": {"store": "embedded"},
        "training": {"labels": {"path": "data/loans.parquet", "target": "loan_status"}},
        **spec,
    }
    complete["rollout"] = {"verify": False} | complete.get("rollout", {})
    return _document("ModelDeployment", name, complete)


def feature_store(
    name: str = "credit-scoring", status: Document | None = None, **spec: Any
) -> FeatureStore:
    """Return a FeatureStore as the operator reads it from the cluster."""
    document = _from_cluster(feature_store_document(name, **spec), status)
    resource = parse_resource(document)
    assert isinstance(resource, FeatureStore)
    return resource


def model_deployment(
    name: str = "credit-scoring", status: Document | None = None, **spec: Any
) -> ModelDeployment:
    """Return a ModelDeployment as the operator reads it from the cluster."""
    document = _from_cluster(model_deployment_document(name, **spec), status)
    resource = parse_resource(document)
    assert isinstance(resource, ModelDeployment)
    return resource


def _document(kind: str, name: str, spec: Document) -> Document:
    return {
        "apiVersion": "hotplate.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {field: value for field, value in spec.items() if value is not None},
    }


def _from_cluster(document: Document, status: Document | None) -> Document:
    metadata = {"namespace": "ml", "uid": "11111111-2222-3333-4444-555555555555", "generation": 3}
    document["metadata"] |= metadata
    return document | ({"status": status} if status else {})
