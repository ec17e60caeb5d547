"""How features get from the offline to the online store: schedules, windows, freshness, engines."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from hotplate.api.fields.base import Duration, Identifier, Model, list_map, parse_duration
from hotplate.api.fields.cron import CronSchedule, TimeZone, longest_interval
from hotplate.api.fields.rules import Rule, each_once, matching
from hotplate.api.v1alpha1.pods import ResourceRequirements

LOCAL_ENGINE = "local"

LEAST_OVERLAP = timedelta(hours=1)
"""How far behind the watermark a run reads at the least, unless overlap says otherwise."""


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
