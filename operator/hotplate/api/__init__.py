"""The two custom resources, FeatureStore and ModelDeployment, and their manifests.

In dependency order:

    names                    group, labels, annotations, and the names of child objects
    rules                    a cross-field rule: CEL for the API server, a predicate for Python
    base                     the base of all models; durations, quantities, references, metadata
    conditions               the conditions that both resources report
    cron                     schedules and time zones
    pods                     typed knobs for the pods that Hotplate makes
    stores                   where registry, online and offline features are kept
    definitions              where the Feast repository is
    feature_store            FeatureStore
    feature_store_status     what the operator reports of it
    training                 how a model is trained
    traffic                  rollout, autoscaling and the way in
    model_deployment         ModelDeployment
    model_deployment_status  what the operator reports of it
    manifests                manifests on disk, read with errors a person can act on
    problems                 validation errors as lines: path, value, what was expected
    schema                   a model as a structural schema
    crd                      the two CustomResourceDefinitions
    reference                the reference of both as Markdown
    generated                files rendered from the models: written, checked
"""

from hotplate.api import names
from hotplate.api.conditions import Condition, ConditionStatus
from hotplate.api.feature_store import FeatureStore
from hotplate.api.manifests import ManifestError, Resource, load_manifests, parse_resource
from hotplate.api.model_deployment import ModelDeployment

__all__ = [
    "Condition",
    "ConditionStatus",
    "FeatureStore",
    "ManifestError",
    "ModelDeployment",
    "Resource",
    "load_manifests",
    "names",
    "parse_resource",
]
