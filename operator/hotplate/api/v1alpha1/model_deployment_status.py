"""What the operator reports of a ModelDeployment."""

from __future__ import annotations

from pydantic import Field

from hotplate.api.fields.base import Reported, list_map
from hotplate.api.v1alpha1.conditions import Conditions
from hotplate.api.v1alpha1.feature_store_status import JobRun


class ServedRevision(Reported):
    """The revision of bento, model and features that serves."""

    revision: str = Field(description="Hash of bento, model, feature service and settings.")
    image: str = Field(description="Image of the bento.")
    model: str = Field(default="", description="Tag of the model.")
    ready: str = Field(default="", description="Ready pods, of all, such as 2/2.")


class PinnedModel(Reported):
    """The model that `spec.model.version` stands for."""

    version: str = Field(description="BentoML tag of the model.")
    artifact: str = Field(description="Hash of the exported model in the model store.")
    contract_hash: str = Field(
        default="", description="Hash of the feature contract that it was trained on."
    )
    service_hash: str = Field(
        default="", description="Hash of the feature service that it was trained or verified with."
    )
    read_plan: str = Field(default="", description="Hash of the read plan that it serves by.")


class TrainingStatus(Reported):
    """The last training."""

    run: JobRun = Field(description="The Job.")
    version: str = Field(default="", description="BentoML tag of the trained model.")
    rows: int | None = Field(default=None, description="Rows that the model was trained on.")
    metrics: dict[str, float] = Field(
        default_factory=dict, description="Metrics on the held-out rows."
    )


class ModelDeploymentStatus(Reported):
    """What the operator last observed."""

    observed_generation: int = Field(
        default=0, description="Generation of the spec that the status is about."
    )
    model: PinnedModel | None = Field(default=None, description="The model that is pinned.")
    candidate: PinnedModel | None = Field(
        default=None, description="The model that takes over once it is verified."
    )
    verify_run: JobRun | None = Field(default=None, description="The last verification.")
    stable: ServedRevision | None = Field(default=None, description="The revision that serves.")
    training: TrainingStatus | None = Field(default=None, description="The last training.")
    url: str = Field(default="", description="URL that requests go to.")
    selector: str = Field(default="", description="Labels of the pods, for the scale subresource.")
    replicas: int = Field(default=0, description="Number of pods.")
    conditions: Conditions = Field(
        default=(), description="Conditions, with Ready first.", json_schema_extra=list_map("type")
    )
