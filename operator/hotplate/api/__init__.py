"""The two custom resources, FeatureStore and ModelDeployment, and their manifests.

Everything that a user writes or reads of a resource is modelled here, and the CRDs and reference
pages are generated from it. No I/O but reading manifests, and nothing but pydantic and PyYAML.
"""

from hotplate.api.loading.manifests import (
    ManifestError,
    Resource,
    ResourceStatus,
    load_manifests,
    parse_resource,
)
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.conditions import Condition, ConditionStatus
from hotplate.api.v1alpha1.feature_store import FeatureStore
from hotplate.api.v1alpha1.model_deployment import ModelDeployment

__all__ = [
    "Condition",
    "ConditionStatus",
    "FeatureStore",
    "ManifestError",
    "ModelDeployment",
    "Resource",
    "ResourceStatus",
    "load_manifests",
    "names",
    "parse_resource",
]
