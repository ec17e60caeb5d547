"""FeatureStore: a Feast project that is planned, applied and kept fresh in an online store."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from hotplate.api.fields.base import (
    Digest,
    Model,
    ObjectMeta,
    Text,
    list_map,
)
from hotplate.api.fields.rules import Rule, each_once, matching, unchangeable
from hotplate.api.v1alpha1.definitions import Definitions
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus
from hotplate.api.v1alpha1.materialization import Backfill, Materialization
from hotplate.api.v1alpha1.online_store import OnlineStore
from hotplate.api.v1alpha1.pods import PodSettings
from hotplate.api.v1alpha1.stores import OfflineStore, Registry

Project = Annotated[
    str,
    Field(max_length=63),
    matching(
        r"[A-Za-z0-9][A-Za-z0-9_]*",
        "expected letters, digits and '_', not starting with '_', as Feast has it",
    ),
]
FileSystemUrl = Annotated[
    str,
    Field(max_length=1024),
    matching(r"[a-z][a-z0-9+]*://\S+", "expected an fsspec URL, such as s3://bucket/features"),
]


class Apply(Model):
    """What `feast apply` may do."""

    max_deletions: Annotated[int, Field(ge=0, le=10_000)] = Field(
        default=0,
        description=(
            "Destructive changes that a plan may make without approval: Feast objects that it"
            " deletes, features that it removes, types and join keys that it changes. A plan with"
            " more is blocked, and status.plan has its summary and hash. A plan that takes a"
            " feature from a live ModelDeployment is blocked whatever the number."
        ),
    )
    approve: Digest | None = Field(
        default=None, description="Hash of the blocked plan to approve, from status.plan.hash."
    )

    def is_gated(self, destructive: int) -> bool:
        """Whether a plan with so many destructive changes needs approval."""
        return destructive > self.max_deletions

    def blocks(self, destructive: int, plan_hash: str, *, breaks_model: bool = False) -> bool:
        """Whether the plan waits for its approval."""
        return (self.is_gated(destructive) or breaks_model) and self.approve != plan_hash


class JobSettings(PodSettings):
    """The pods of this feature store's Jobs."""

    image: Text | None = Field(
        default=None,
        description=(
            "Image with Hotplate's Jobs and everything that the definitions import. If"
            " omitted, the stock image."
        ),
    )


class DeletionPolicy(StrEnum):
    """What happens to the project's data when the resource is deleted."""

    RETAIN = "Retain"
    TEARDOWN = "Teardown"


class FeatureStoreSpec(Model):
    """What a feature store should be."""

    project: Project = Field(description="Feast project. It cannot be changed.")
    definitions: Definitions = Field(description="Where the Feast repository is kept.")
    registry: Registry = Field(description="Where Feast's registry is kept.")
    online_store: OnlineStore = Field(description="Where features are read from.")
    offline_store: OfflineStore = Field(description="Where the history of the features is.")
    artifacts: FileSystemUrl | None = Field(
        default=None,
        description=(
            "Folder for data that is too large for status, such as the read plan of the"
            " scoring processes: an fsspec URL such as s3://bucket/features. If omitted, the"
            " embedded Valkey."
        ),
    )
    apply: Apply = Field(default=Apply(), description="What `feast apply` may do.")
    materialization: Materialization = Field(
        default=Materialization(),
        description="How features get from the offline to the online store.",
    )
    backfills: Annotated[tuple[Backfill, ...], Field(max_length=32)] = Field(
        default=(),
        description="Windows of the past to materialize once.",
        json_schema_extra=list_map("name"),
    )
    jobs: JobSettings = Field(default=JobSettings(), description="The pods of the Jobs.")
    suspend: bool = Field(
        default=False, description="Whether to stop starting Jobs. Running Jobs finish."
    )
    deletion_policy: DeletionPolicy = Field(
        default=DeletionPolicy.RETAIN,
        description=(
            "Retain leaves the project's data in external registries and online stores."
            " Teardown removes it, and the resource disappears once a Job has done so."
            " Embedded data is deleted with its pod either way."
        ),
    )

    rules = (
        unchangeable(
            "project", "the keys of the online store contain it; create a new FeatureStore instead"
        ),
        Rule(
            "!has(self.definitions.image) || has(self.jobs.image)",
            "expected jobs.image with definitions.image: it contains the definitions",
            lambda spec: spec.definitions.image is None or spec.jobs.image is not None,
            "jobs",
        ),
        Rule(
            "has(self.artifacts) || has(self.onlineStore.embedded) || has(self.registry.embedded)",
            "expected artifacts, an fsspec URL, unless the registry or online store is embedded",
            lambda spec: spec.artifacts is not None or spec.uses_embedded_store,
            "artifacts",
        ),
        each_once("backfills"),
    )

    @property
    def uses_embedded_store(self) -> bool:
        """Whether the embedded Valkey holds the online store or the registry."""
        return self.online_store.embedded is not None or self.registry.embedded is not None

    @property
    def keeps_artifacts_in_s3(self) -> bool:
        """Whether artifacts are kept in S3."""
        return (self.artifacts or "").startswith("s3://")

    @property
    def uses_aws(self) -> bool:
        """Whether the Jobs use S3 or Redshift."""
        of_aws = (self.registry.s3, self.offline_store.redshift)
        return self.keeps_artifacts_in_s3 or any(each is not None for each in of_aws)

    @property
    def is_torn_down(self) -> bool:
        """Whether external data must be removed when the resource is deleted."""
        is_external = self.online_store.embedded is None or self.registry.embedded is None
        return self.deletion_policy is DeletionPolicy.TEARDOWN and is_external


class FeatureStore(Model):
    """A Feast project that is planned, applied and kept fresh in an online store."""

    api_version: Literal["hotplate.dev/v1alpha1"] = "hotplate.dev/v1alpha1"
    kind: Literal["FeatureStore"] = "FeatureStore"
    metadata: ObjectMeta
    spec: FeatureStoreSpec = Field(description="What the feature store should be.")
    status: FeatureStoreStatus = Field(
        default=FeatureStoreStatus(), description="What the operator last observed."
    )
