"""How Hotplate trains a model: the labels, the tree, and the gate that it must pass."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from hotplate.api.fields.base import Identifier, Model, Text, list_map
from hotplate.api.fields.cron import CronSchedule, TimeZone
from hotplate.api.fields.rules import Rule, each_once, exactly_one_of
from hotplate.api.v1alpha1.feature_store import OnFailure
from hotplate.api.v1alpha1.pods import Resources


class Labels(Model):
    """The table that says how things turned out."""

    path: Text | None = Field(
        default=None,
        description="Parquet file: relative to the definitions' folder, or an fsspec URL.",
    )
    query: Annotated[str, Field(min_length=1, max_length=16_384)] | None = Field(
        default=None, description="SQL query for the offline store, without a semicolon."
    )
    target: Identifier = Field(description="Column with the outcome, 0 or 1.")
    exclude: Annotated[tuple[Identifier, ...], Field(max_length=256)] = Field(
        default=(), description="Columns that the model is never shown."
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
            "expected the target not to be excluded",
            lambda labels: labels.target not in labels.exclude,
            "exclude",
        ),
    )


class Tree(Model):
    """How the decision tree grows."""

    max_depth: Annotated[int, Field(ge=1, le=64)] = Field(
        default=10, description="Decisions from root to leaf, at most."
    )
    min_samples_leaf: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=50, description="Training rows in a leaf, at least."
    )


class Metric(StrEnum):
    """What a model is judged by on the held-out rows."""

    ROC_AUC = "roc_auc"
    AVERAGE_PRECISION = "average_precision"
    ACCURACY = "accuracy"
    PRECISION = "precision"
    RECALL = "recall"
    F1 = "f1"


class Gate(Model):
    """A figure that a model must reach to be served."""

    metric: Metric = Field(description="The figure.")
    minimum: Annotated[float, Field(ge=0, le=1)] = Field(description="What it must reach, 0 to 1.")


class Training(Model):
    """How Hotplate trains the model."""

    schedule: CronSchedule | None = Field(
        default=None,
        description="When it is trained again. Absent: when there is none, and when this changes.",
    )
    time_zone: TimeZone = Field(default="Etc/UTC", description="Time zone of the schedule.")
    labels: Labels = Field(description="The table that says how things turned out.")
    tree: Tree = Field(default=Tree(), description="How the decision tree grows.")
    gate: Annotated[tuple[Gate, ...], Field(max_length=16)] = Field(
        default=(),
        description="Figures that a model must reach to be served.",
        json_schema_extra=list_map("metric"),
    )
    resources: Resources | None = Field(
        default=None, description="What training may use, instead of the feature store's."
    )
    on_failure: OnFailure = Field(default=OnFailure(), description="When the Job is given up.")

    rules = (each_once("gate", "metric"),)
