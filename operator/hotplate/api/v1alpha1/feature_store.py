"""FeatureStore: a Feast project that is planned, applied and kept fresh in an online store."""

from __future__ import annotations

from datetime import datetime, timedelta
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
from hotplate.api.fields.cron import CronSchedule, TimeZone, longest_interval
from hotplate.api.fields.rules import Rule, each_once, matching, unchangeable
from hotplate.api.v1alpha1.definitions import Definitions
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus
from hotplate.api.v1alpha1.online_store import OnlineStore
from hotplate.api.v1alpha1.pods import PodSettings, ResourceRequirements
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


LOCAL_ENGINE = "local"

LEAST_OVERLAP = timedelta(hours=1)
"""How far behind the watermark a run reads at the least, unless overlap says otherwise."""


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


class ExpectedRows(Model):
    """Rows that a data source should bring."""

    minimum: Annotated[int, Field(ge=1)] = Field(
        description=(
            "Rows that the runs of one period write together at the least. Rows that a run reads"
            " again, since they are late or corrected, count again."
        )
    )
    per: Duration = Field(description="Length of the period, such as 1d.")


class MaterializedView(Model):
    """A feature view to keep in the online store."""

    name: Identifier = Field(description="Name of the feature view.")
    max_staleness: Duration | None = Field(
        default=None,
        description=(
            "Age of the watermark at which the view counts as stale (RunLate), which sets a"
            " condition, a metric and an alert. If omitted, no run counts as late."
        ),
    )
    max_data_age: Duration | None = Field(
        default=None,
        description=(
            "Age of the newest row at which the view counts as stale (SourceSilent), although its"
            " runs are on time. If omitted, old data does not count."
        ),
    )
    expected_rows: ExpectedRows | None = Field(
        default=None,
        description=(
            "Rows that the view should get. After a period with fewer, the view counts as stale"
            " (SourceSilent). An engine that does not count rows writes none."
        ),
    )
    resources: ResourceRequirements | None = Field(
        default=None,
        description="Compute resources of this view's Jobs, instead of jobs.resources.",
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
            "`local` is the Job's own process. `ray.engine` and `spark.engine` are Feast's"
            " compute engines on those clusters. Any other value is the class of a Feast"
            " compute engine in the Jobs' image."
        ),
    )
    options: dict[str, Any] | None = Field(
        default=None,
        description=(
            "Options of the engine under Feast's names, such as ray_address or spark_conf."
            " They must hold no secrets."
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
    """How long a failing Job is retried."""

    retries: Annotated[int, Field(ge=0, le=20)] = Field(
        default=3, description="Pods that may fail before the Job fails."
    )
    deadline: Duration = Field(
        default=parse_duration("1h"),
        description="Time limit of the Job, over all its pods.",
    )


class Materialization(Model):
    """How features get from the offline to the online store."""

    schedule: CronSchedule | None = Field(
        default=None,
        description=(
            "Cron schedule for materializing each view up to the present. If omitted, each"
            " view is materialized once after each apply. Runs of a view never overlap. If"
            " several runs were missed, one run covers the time of all."
        ),
    )
    time_zone: TimeZone = Field(default="Etc/UTC", description="Time zone of the schedule.")
    views: Annotated[tuple[MaterializedView, ...], Field(max_length=256)] = Field(
        default=(),
        description="Views to materialize. If empty, all views of the registry.",
        json_schema_extra=list_map("name"),
    )
    parallelism: Annotated[int, Field(ge=1, le=64)] = Field(
        default=2, description="Materialization Jobs that may run at the same time."
    )
    engine: Engine = Field(default=Engine(), description="What pulls and writes the rows.")
    on_failure: OnFailure = Field(
        default=OnFailure(), description="How long a failing Job is retried."
    )
    overlap: Duration | None = Field(
        default=None,
        description=(
            "How far behind the watermark a scheduled run starts to read, so that late and"
            " corrected rows arrive. If omitted, the longest interval of the schedule, at least"
            " 1h; status.overlap has it."
        ),
    )
    max_null_keys: Annotated[int, Field(ge=0, le=1_000_000_000)] = Field(
        default=1000,
        description=(
            "Rows of one run that may lack a join key. They are skipped and counted; a run that"
            " finds more of them fails."
        ),
    )

    rules = (each_once("views"),)

    @property
    def reads_behind(self) -> timedelta:
        """How far behind the watermark a run starts to read: overlap, or its default."""
        if self.overlap is not None:
            return self.overlap
        interval = longest_interval(self.schedule) if self.schedule else timedelta(0)
        return max(interval, LEAST_OVERLAP)


class Backfill(Model):
    """A window of the past to materialize once, in chunks."""

    name: Identifier = Field(description="Name of the backfill. A new name runs it again.")
    views: Annotated[tuple[Identifier, ...], Field(max_length=256)] = Field(
        default=(), description="Views to materialize. If empty, those of spec.materialization."
    )
    start: datetime = Field(description="Start of the window, as an RFC 3339 time.")
    end: datetime = Field(description="End of the window, as an RFC 3339 time.")
    chunk: Duration = Field(
        default=parse_duration("30d"), description="Part of the window that one Job materializes."
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
