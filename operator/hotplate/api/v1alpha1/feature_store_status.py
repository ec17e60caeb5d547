"""What the operator reports of a FeatureStore."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from hotplate.api.fields.base import Duration, Reported, list_map
from hotplate.api.v1alpha1.conditions import Conditions
from hotplate.api.v1alpha1.feature_store_plan import (
    AppliedRevision,
    Message,
    PlanSummary,
    RegistryStatus,
    ServiceStatus,
)


class JobRun(Reported):
    """The last Job of one kind: what it was made for and how it ended."""

    job: str = Field(description="Name of the Job.")
    inputs: str = Field(default="", description="Hash of all that the Job was made from.")
    due: datetime | None = Field(
        default=None, description="Time for which the Job was due; omitted for one that has none."
    )
    observed_generation: int = Field(
        default=0, description="Generation of the spec that the Job was made for."
    )
    observed_references: str = Field(
        default="",
        description=(
            "Hash of the versions of the Secrets and ConfigMaps that the Job was made for."
        ),
    )
    result: str = Field(description="Running, Succeeded, or the reason of its failure.")
    waits_for: str | None = Field(
        default=None,
        description="Why its pod does not start, as one word, such as ImagePullBackOff.",
    )
    started_at: datetime | None = Field(default=None, description="When the Job began.")
    finished_at: datetime | None = Field(default=None, description="When the Job ended.")
    message: Message = Field(
        default="", description="Figures of a success; the last lines of a failure, and a hint."
    )


class RowCount(Reported):
    """The rows that a feature view got in a period of `expectedRows`."""

    since: datetime = Field(description="Start of the period.")
    rows: int = Field(description="Rows written since then.")
    is_short: bool = Field(
        default=False, description="Whether the period before had fewer rows than expected."
    )


class ViewProgress(Reported):
    """A feature view in the online store."""

    name: str = Field(description="Name of the feature view.")
    watermark: datetime | None = Field(
        default=None, description="Time up to which the view is materialized."
    )
    rows: int | None = Field(default=None, description="Rows that the last run wrote.")
    newest_event_time: datetime | None = Field(
        default=None, description="Event time of the newest row that was ever written."
    )
    last_success: datetime | None = Field(
        default=None, description="When the last successful run ended."
    )
    null_keys: int | None = Field(
        default=None, description="Rows that the last run skipped since they lack a join key."
    )
    rows_ahead: int | None = Field(
        default=None,
        description=(
            "Rows that the last run left out since their event time is over five minutes ahead."
        ),
    )
    source_rows: int | None = Field(
        default=None, description="Rows of the data source, if the last run wrote none of them."
    )
    counted: RowCount | None = Field(
        default=None, description="Rows by the periods of expectedRows; omitted without it."
    )
    fresh: bool | None = Field(
        default=None,
        description=(
            "Whether the view keeps maxStaleness, maxDataAge and expectedRows. Omitted without any."
        ),
    )
    last_run: JobRun | None = Field(default=None, description="The last materialization.")


class PreflightCheck(Reported):
    """A check of a preflight that did not pass."""

    condition: str = Field(description="Condition that the check belongs to.")
    name: str = Field(description="What was checked.")
    verdict: str = Field(description="Failed stops the plan. Warning and NotChecked stop nothing.")
    reason: str = Field(default="", description="Why it failed, as one word.")
    message: Message = Field(default="", description="What was found, and how to fix it.")


class BackfillStatus(Reported):
    """A backfill that is in progress or done."""

    name: str = Field(description="Name of the backfill.")
    inputs: str = Field(
        default="", description="Hash of the backfill in the spec; an edited backfill starts over."
    )
    views: tuple[str, ...] = Field(
        default=(), description="Feature views that it covers, as they were when it began."
    )
    done: int = Field(description="Chunks that are done, over all views.")
    total: int = Field(description="All chunks, over all views.")
    last_run: JobRun | None = Field(default=None, description="The last chunk's Job.")
    message: Message = Field(default="", description="Why it makes no progress.")


class FeatureStoreStatus(Reported):
    """What the operator last observed."""

    observed_generation: int = Field(
        default=0, description="Generation of the spec that the status is about."
    )
    revision: AppliedRevision | None = Field(default=None, description="The applied definitions.")
    registry: RegistryStatus | None = Field(
        default=None, description="Feast's registry after the last Job that wrote it."
    )
    plan: PlanSummary | None = Field(default=None, description="The last plan.")
    kept: tuple[str, ...] = Field(
        default=(),
        description=(
            "First of the views and features that are no longer defined, and whose online data is"
            " kept because a live ModelDeployment may read it."
        ),
    )
    services: tuple[ServiceStatus, ...] = Field(
        default=(),
        description="Feature services of the definitions, as last planned or applied.",
        json_schema_extra=list_map("name"),
    )
    views: tuple[ViewProgress, ...] = Field(
        default=(),
        description="Feature views in the online store.",
        json_schema_extra=list_map("name"),
    )
    fresh_views: str = Field(
        default="", description="Views that are materialized and not stale, of all, such as 2/2."
    )
    oldest_watermark: datetime | None = Field(
        default=None, description="Oldest watermark of all views."
    )
    overlap: Duration | None = Field(
        default=None, description="How far behind its watermark a view's next run starts to read."
    )
    backfills: tuple[BackfillStatus, ...] = Field(
        default=(),
        description="Backfills that are in progress or done.",
        json_schema_extra=list_map("name"),
    )
    preflight: Annotated[tuple[PreflightCheck, ...], Field(max_length=32)] = Field(
        default=(), description="Checks of the stores that did not pass."
    )
    preflight_run: JobRun | None = Field(default=None, description="The last preflight Job.")
    commit: str | None = Field(
        default=None,
        description="Commit that definitions.git.ref stood for when it was last resolved.",
    )
    resolve_run: JobRun | None = Field(
        default=None, description="The last Job that resolved definitions.git.ref."
    )
    plan_run: JobRun | None = Field(default=None, description="The last plan Job.")
    apply_run: JobRun | None = Field(default=None, description="The last apply Job.")
    teardown_run: JobRun | None = Field(default=None, description="The last teardown Job.")
    embedded_store_pod_uid: str = Field(
        default="",
        alias="embeddedStorePodUID",
        description="UID of the embedded Valkey's pod. A new pod is empty: all in it is recreated.",
    )
    conditions: Conditions = Field(
        default=(), description="Conditions, with Ready first.", json_schema_extra=list_map("type")
    )

    @property
    def has_applied_plan(self) -> bool:
        """Whether the last plan is what is applied."""
        plan, revision = self.plan, self.revision
        return plan is not None and revision is not None and revision.plan_hash == plan.hash
