"""FeatureStore: a Feast project kept planned, applied and fresh in an online store."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from hotplate.api.fields.base import (
    Digest,
    Duration,
    Identifier,
    Model,
    ObjectMeta,
    Text,
    list_map,
    parse_duration,
)
from hotplate.api.fields.cron import CronSchedule, TimeZone
from hotplate.api.fields.rules import Rule, each_once, matching, unchangeable
from hotplate.api.v1alpha1.definitions import Definitions
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus, PlanSummary
from hotplate.api.v1alpha1.pods import PodSettings, Resources
from hotplate.api.v1alpha1.stores import OfflineStore, OnlineStore, Registry

Project = Annotated[
    str,
    Field(max_length=63),
    matching(r"[a-z][a-z0-9_]*", "expected lower case letters, digits and '_', a letter first"),
]
FileSystemUrl = Annotated[
    str,
    Field(max_length=1024),
    matching(r"[a-z][a-z0-9+]*://\S+", "expected an fsspec URL, such as s3://bucket/features"),
]


LOCAL_ENGINE = "local"


class Apply(Model):
    """What `feast apply` may do."""

    max_deletions: Annotated[int, Field(ge=0, le=10_000)] = Field(
        default=0,
        description=(
            "Feast objects that a plan may delete without approval. A plan that deletes more"
            " is blocked, with its summary and hash in status."
        ),
    )
    approve: Digest | None = Field(
        default=None, description="Hash of a blocked plan, from status.plan.hash, to let it pass."
    )

    def is_gated(self, plan: PlanSummary) -> bool:
        """Whether the plan deletes more than may be deleted without approval."""
        return plan.delete > self.max_deletions

    def blocks(self, plan: PlanSummary) -> bool:
        """Whether the plan waits for its approval."""
        return self.is_gated(plan) and self.approve != plan.hash


class MaterializedView(Model):
    """A feature view to keep in the online store."""

    name: Identifier = Field(description="Name of the feature view.")
    max_staleness: Duration | None = Field(
        default=None,
        description=(
            "Age of the watermark at which the view counts as stale: a condition, a metric and"
            " an alert. Absent: no promise."
        ),
    )
    resources: Resources | None = Field(
        default=None, description="What this view's Jobs may use, instead of jobs.resources."
    )


class Engine(Model):
    """What pulls a view's rows and writes them to the online store."""

    type: Annotated[
        str,
        Field(max_length=128),
        matching(
            r"local|ray\.engine|spark\.engine|[A-Za-z_][A-Za-z0-9_.]*\.[A-Za-z0-9_]*Engine",
            "expected local, ray.engine, spark.engine or the path of a Feast compute engine's"
            " class, such as my_engines.MyEngine",
        ),
    ] = Field(
        default=LOCAL_ENGINE,
        description=(
            "local: the Job's own process. ray.engine or spark.engine: Feast's compute engine on"
            " that cluster. Else the class of a Feast compute engine that the Jobs' image has."
        ),
    )
    options: dict[str, Any] | None = Field(
        default=None,
        description=(
            "Options of the engine by Feast's names, such as ray_address or spark_conf; nothing"
            " secret."
        ),
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True, "maxProperties": 64},
    )

    rules = (
        Rule(
            "self.type != 'local' || !has(self.options)",
            "expected no options with engine local",
            lambda engine: engine.type != LOCAL_ENGINE or engine.options is None,
            "options",
        ),
    )


class OnFailure(Model):
    """When a Job is given up."""

    retries: Annotated[int, Field(ge=0, le=20)] = Field(
        default=3, description="Pods that may fail before the Job does."
    )
    deadline: Duration = Field(
        default=parse_duration("1h"),
        description="Time that the Job may take, all its pods together.",
    )


class Materialization(Model):
    """How features get from the offline to the online store."""

    schedule: CronSchedule | None = Field(
        default=None,
        description=(
            "When each view is materialized up to now, in cron syntax. Absent: once after each"
            " apply. Runs of a view never overlap; of several missed runs one is made up for,"
            " which covers the time of all."
        ),
    )
    time_zone: TimeZone = Field(default="Etc/UTC", description="Time zone of the schedule.")
    views: Annotated[tuple[MaterializedView, ...], Field(max_length=256)] = Field(
        default=(),
        description="Views to materialize. Empty: all that the registry has.",
        json_schema_extra=list_map("name"),
    )
    parallelism: Annotated[int, Field(ge=1, le=64)] = Field(
        default=2, description="Materialization Jobs at one time."
    )
    engine: Engine = Field(default=Engine(), description="What computes the features.")
    on_failure: OnFailure = Field(default=OnFailure(), description="When a Job is given up.")

    rules = (each_once("views"),)


class Backfill(Model):
    """A window of the past to materialize once, in chunks."""

    name: Identifier = Field(description="Name of the backfill; a new name runs it again.")
    views: Annotated[tuple[Identifier, ...], Field(max_length=256)] = Field(
        default=(), description="Views to materialize. Empty: all of spec.materialization."
    )
    start: datetime = Field(description="Start of the window, RFC 3339.")
    end: datetime = Field(description="End of the window, RFC 3339.")
    chunk: Duration = Field(
        default=parse_duration("30d"), description="Part of the window that one Job does."
    )

    rules = (
        Rule(
            "self.start < self.end",
            "expected an end after the start",
            lambda backfill: backfill.start < backfill.end,
            "end",
        ),
    )


class JobSettings(PodSettings):
    """The pods of this feature store's Jobs."""

    image: Text | None = Field(
        default=None,
        description="Image with Hotplate's Jobs and what the definitions import. Absent: stock.",
    )


class DeletionPolicy(StrEnum):
    """What happens to the project's data when the resource is deleted."""

    RETAIN = "Retain"
    TEARDOWN = "Teardown"


class FeatureStoreSpec(Model):
    """What a feature store should be."""

    project: Project = Field(description="Feast project; cannot be changed.")
    definitions: Definitions = Field(description="Where the Feast repository is.")
    registry: Registry = Field(description="Where Feast's registry is kept.")
    online_store: OnlineStore = Field(description="Where features are read from.")
    offline_store: OfflineStore = Field(description="Where the history of the features is.")
    artifacts: FileSystemUrl | None = Field(
        default=None,
        description=(
            "Folder for what is too large for status, such as the read plan that scoring processes"
            " read by: an fsspec URL such as s3://bucket/features. Absent: the embedded Valkey."
        ),
    )
    apply: Apply = Field(default=Apply(), description="What `feast apply` may do.")
    materialization: Materialization = Field(
        default=Materialization(), description="How features get into the online store."
    )
    backfills: Annotated[tuple[Backfill, ...], Field(max_length=32)] = Field(
        default=(),
        description="Windows of the past to materialize once.",
        json_schema_extra=list_map("name"),
    )
    jobs: JobSettings = Field(default=JobSettings(), description="The pods of the Jobs.")
    suspend: bool = Field(
        default=False, description="Whether to start no Jobs; running ones end as they would."
    )
    deletion_policy: DeletionPolicy = Field(
        default=DeletionPolicy.RETAIN,
        description=(
            "Retain leaves the project's data in a registry and an online store outside the"
            " cluster. Teardown removes it: the resource goes when a Job has done so. What is"
            " embedded goes with its pod either way."
        ),
    )

    rules = (
        unchangeable("project", "the keys of the online store carry it; make a new FeatureStore"),
        Rule(
            "!has(self.definitions.image) || has(self.jobs.image)",
            "expected jobs.image with definitions.image: the definitions are inside it",
            lambda spec: spec.definitions.image is None or spec.jobs.image is not None,
            "jobs",
        ),
        Rule(
            "has(self.artifacts) || has(self.onlineStore.embedded) || has(self.registry.embedded)",
            "expected artifacts, an fsspec URL, where nothing is kept in the embedded Valkey",
            lambda spec: spec.artifacts is not None or spec.uses_embedded_store,
            "artifacts",
        ),
        each_once("backfills"),
    )

    @property
    def uses_embedded_store(self) -> bool:
        """Whether anything of this feature store is kept in the embedded Valkey."""
        return self.online_store.embedded is not None or self.registry.embedded is not None

    @property
    def keeps_artifacts_in_s3(self) -> bool:
        """Whether artifacts are kept in a bucket."""
        return (self.artifacts or "").startswith("s3://")

    @property
    def uses_aws(self) -> bool:
        """Whether its Jobs speak to S3 or Redshift."""
        of_aws = (self.registry.s3, self.offline_store.redshift)
        return self.keeps_artifacts_in_s3 or any(each is not None for each in of_aws)

    @property
    def is_torn_down(self) -> bool:
        """Whether there is data outside the cluster to remove when the resource is deleted."""
        is_outside = self.online_store.embedded is None or self.registry.embedded is None
        return self.deletion_policy is DeletionPolicy.TEARDOWN and is_outside


class FeatureStore(Model):
    """A Feast project kept planned, applied and fresh in an online store."""

    api_version: Literal["hotplate.dev/v1alpha1"] = "hotplate.dev/v1alpha1"
    kind: Literal["FeatureStore"] = "FeatureStore"
    metadata: ObjectMeta
    spec: FeatureStoreSpec = Field(description="What the feature store should be.")
    status: FeatureStoreStatus = Field(
        default=FeatureStoreStatus(), description="What the operator last observed."
    )
