"""How Hotplate trains a model: the labels, the tree, and the gate that it must pass."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from hotplate.api.fields.base import Identifier, Model, Text, list_map
from hotplate.api.fields.cron import CronSchedule, TimeZone
from hotplate.api.fields.rules import Rule, each_once, exactly_one_of
from hotplate.api.v1alpha1.materialization import OnFailure
from hotplate.api.v1alpha1.pods import ResourceRequirements


class Labels(Model):
    """The table of known outcomes."""

    path: Text | None = Field(
        default=None,
        description=(
            "Parquet file, as a path relative to the definitions' folder or an fsspec URL."
        ),
    )
    query: Annotated[str, Field(min_length=1, max_length=16_384)] | None = Field(
        default=None, description="SQL query for the offline store, without a semicolon."
    )
    target: Identifier = Field(description="Column with the outcome, 0 or 1.")
    exclude: Annotated[tuple[Identifier, ...], Field(max_length=256)] = Field(
        default=(), description="Columns that the model does not see."
    )

    rules = (
        exactly_one_of("path", "query"),
        Rule(
            "!has(self.query) || !self.query.contains(';')",
            "expected one query without a semicolon",
            lambda labels: labels.query is None or ";" not in labels.query,
            "query",
        ),
        Rule(
            "!(self.target in self.exclude)",
            "expected the target not to be in exclude",
            lambda labels: labels.target not in labels.exclude,
            "exclude",
        ),
    )


class Tree(Model):
    """How the decision tree grows."""

    max_depth: Annotated[int, Field(ge=1, le=64)] = Field(
        default=10, description="Maximum number of decisions from root to leaf."
    )
    min_samples_leaf: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=50, description="Minimum number of training rows in a leaf."
    )


class Metric(StrEnum):
    """A metric of a model on the held-out rows."""

    ROC_AUC = "roc_auc"
    AVERAGE_PRECISION = "average_precision"
    ACCURACY = "accuracy"
    PRECISION = "precision"
    RECALL = "recall"
    F1 = "f1"


class Gate(Model):
    """A metric that a model must reach to be saved."""

    metric: Metric = Field(description="Name of the metric.")
    minimum: Annotated[float, Field(ge=0, le=1)] = Field(
        description="Smallest value that passes, 0 to 1."
    )


class Training(Model):
    """How Hotplate trains the model."""

    schedule: CronSchedule | None = Field(
        default=None,
        description=(
            "Cron schedule for retraining. If omitted, a model is trained when none exists"
            " or when this section changes."
        ),
    )
    time_zone: TimeZone = Field(default="Etc/UTC", description="Time zone of the schedule.")
    labels: Labels = Field(description="The table of known outcomes.")
    tree: Tree = Field(default=Tree(), description="How the decision tree grows.")
    gate: Annotated[tuple[Gate, ...], Field(max_length=16)] = Field(
        default=(),
        description="Metrics that a model must reach to be saved.",
        json_schema_extra=list_map("metric"),
    )
    resources: ResourceRequirements | None = Field(
        default=None,
        description="Compute resources of the training Job, instead of the feature store's.",
    )
    on_failure: OnFailure = Field(
        default=OnFailure(), description="How long a failing Job is retried."
    )

    rules = (each_once("gate", "metric"),)
