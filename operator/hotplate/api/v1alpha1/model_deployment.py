"""ModelDeployment: a bento with its model, which reads a feature store within a budget."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from hotplate.api.fields.base import (
    Duration,
    Identifier,
    LocalRef,
    Model,
    ObjectMeta,
)
from hotplate.api.fields.rules import Rule, at_most_one_of, matching
from hotplate.api.v1alpha1.model_deployment_status import ModelDeploymentStatus
from hotplate.api.v1alpha1.model_source import Bento, ModelSource
from hotplate.api.v1alpha1.pods import PodSettings
from hotplate.api.v1alpha1.traffic import (
    Autoscaling,
    Gateway,
    Ingress,
    Latency,
    NetworkPolicy,
    Rollout,
)
from hotplate.api.v1alpha1.training import Training


class Fallback(StrEnum):
    """What happens to a request whose features are missing or stale."""

    REFER = "Refer"
    REJECT = "Reject"
    DEFAULT = "Default"


class Features(Model):
    """What happens when features are missing or stale.

    A default value is the zero of the feature's type: 0, an empty text, or False.
    """

    on_missing: Fallback = Field(
        default=Fallback.REFER,
        description=(
            "What happens when a view has no row for the entity, or a feature is null: refer,"
            " reject, or score with default values, the zero of each feature's type."
        ),
    )
    on_stale: Fallback = Field(
        default=Fallback.REFER,
        description=(
            "What happens when a view's row is older than its ttl or than maxAge: refer, reject,"
            " or score with default values for all its features. The row itself is not used."
        ),
    )
    max_age: Duration | None = Field(
        default=None,
        description=(
            "Age of a row, by its own event time, from which it is stale, such as 2h. If omitted,"
            " only the ttl of its view counts."
        ),
    )
    require_fresh: bool = Field(
        default=False,
        description=(
            "Whether trainings and new models wait while a view that the model reads breaks its"
            " maxStaleness, maxDataAge or expectedRows. What serves keeps serving."
        ),
    )


class DecisionLog(Model):
    """The log of decisions, which is written outside the path of the request."""

    sample_rate: Annotated[float, Field(ge=0, le=1)] = Field(
        default=1.0, description="Fraction of decisions that are logged, 0 to 1."
    )
    sink: Annotated[
        str,
        Field(max_length=1024),
        matching(
            r"stdout|[a-z][a-z0-9+]*://\S+", "expected stdout or an fsspec URL, such as s3://…"
        ),
    ] = Field(
        default="stdout",
        description=(
            "Where decisions are logged: stdout, or an fsspec URL such as s3://bucket/decisions."
        ),
    )
    personal_data: bool = Field(
        default=False,
        description="Whether the values of entity keys and request fields are logged.",
    )


class ModelDeploymentSpec(PodSettings):
    """What a deployment of a model should be."""

    feature_store_ref: LocalRef = Field(description="FeatureStore that it reads from.")
    feature_service: Identifier = Field(description="Feast feature service that it reads.")
    bento: Bento = Field(description="The bento that serves.")
    model: ModelSource = Field(description="Where models are kept, and which one serves.")
    training: Training | None = Field(
        default=None,
        description=(
            "How Hotplate trains the model. If omitted, model.version names an existing model."
        ),
    )
    latency: Latency = Field(default=Latency(), description="The time for one decision.")
    features: Features = Field(
        default=Features(), description="What happens when features are missing or stale."
    )
    replicas: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=2, description="Number of pods without autoscaling."
    )
    autoscaling: Autoscaling | None = Field(
        default=None, description="Number of pods by load. If omitted, it is replicas."
    )
    rollout: Rollout = Field(default=Rollout(), description="How a new revision takes over.")
    ingress: Ingress | None = Field(default=None, description="An Ingress to the Service.")
    gateway: Gateway | None = Field(default=None, description="An HTTPRoute to the Service.")
    network_policy: NetworkPolicy | None = Field(
        default=None, description="Who may reach the pods. If omitted, everybody in the cluster."
    )
    decision_log: DecisionLog = Field(default=DecisionLog(), description="The log of decisions.")
    revision_history_limit: Annotated[int, Field(ge=0, le=100)] = Field(
        default=5, description="Earlier revisions to keep for a rollback."
    )
    suspend: bool = Field(
        default=False, description="Whether to stop changing anything. The pods keep serving."
    )

    rules = (
        at_most_one_of("ingress", "gateway"),
        Rule(
            "has(self.training) || self.model.version != 'latest'",
            "expected training, or a model.version other than latest",
            lambda spec: spec.training is not None or spec.model.pinned is not None,
            "model",
        ),
    )


class ModelDeployment(Model):
    """A bento with its model, which reads a feature store within a latency budget."""

    api_version: Literal["hotplate.dev/v1alpha1"] = "hotplate.dev/v1alpha1"
    kind: Literal["ModelDeployment"] = "ModelDeployment"
    metadata: ObjectMeta
    spec: ModelDeploymentSpec = Field(description="What the deployment should be.")
    status: ModelDeploymentStatus = Field(
        default=ModelDeploymentStatus(), description="What the operator last observed."
    )

    def of_model(self, version: str) -> ModelDeployment:
        """Return the deployment of that version of its model."""
        model = self.spec.model.model_copy(update={"version": version})
        spec = self.spec.model_copy(update={"model": model})
        return self.model_copy(update={"spec": spec})
