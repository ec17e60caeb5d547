"""The training table: labels, the features as they were at each label's time, and their columns.

The model sees every column of the labels but the target, join keys and times, and every feature of
the feature service, except those that `spec.training.labels.exclude` names.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hotplate.api.v1alpha1.training import Labels
from hotplate.jobs.aws.errors import aws_error
from hotplate.jobs.errors import JobError
from hotplate.jobs.training.label_rows import label_rows, place_of
from hotplate.jobs.training.on_demand import short_names, stored_features, with_on_demand
from hotplate.jobs.workspace import Workspace
from hotplate.model.feature_contract import REQUEST, ContractFeature, served_features
from hotplate.protocol.read_plan import ReadPlan, ReadPlanError, ServiceRefusedError

logger = logging.getLogger(__name__)

EVENT_TIME = "event_timestamp"
"""The labels' column with the time of each row, as Feast names it."""

_ROW = "hotplate_row"
_NUMBERS = frozenset({"INT32", "INT64", "FLOAT", "DOUBLE", "BOOL"})
_TEXT = "STRING"


@dataclass(frozen=True)
class TrainingTable:
    """Complete rows in order of time, and the features that the model sees of them."""

    rows: pd.DataFrame
    target: str
    features: tuple[ContractFeature, ...]
    left_out: int


def training_table(
    workspace: Workspace, store: Any, plan: ReadPlan, labels: Labels, feature_service: str
) -> TrainingTable:
    """Return the labels with the feature service's features, point in time.

    Raises:
        JobError: LabelsInvalid, FeatureServiceUnknown, NotServable, OfflineStoreFailed or
            NoTrainingRows.

    """
    service = _service_plan(plan, feature_service)
    frame = label_rows(workspace, store, labels)
    join_keys = [key.name for view in service.views for key in view.join_keys]
    _refuse_columns(frame, labels, service, join_keys)
    request = _request_features(frame, labels, join_keys)
    features = tuple(
        each for each in (*request, *served_features(service)) if each.name not in labels.exclude
    )
    _refuse_types(features)
    joined = _point_in_time(store, frame, join_keys, service)
    rows = _complete(joined, [each.name for each in features], place_of(labels))
    left_out = len(frame) - len(rows)
    logger.info("%d labels, %d left out: they lack a feature", len(frame), left_out)
    return TrainingTable(rows, labels.target, features, left_out)


def _service_plan(plan: ReadPlan, feature_service: str) -> ReadPlan:
    try:
        return plan.for_service(feature_service)
    except ServiceRefusedError as error:
        raise JobError("NotServable", str(error)) from error
    except ReadPlanError as error:
        raise JobError("FeatureServiceUnknown", str(error)) from error


def _refuse_columns(
    frame: pd.DataFrame, labels: Labels, service: ReadPlan, join_keys: list[str]
) -> None:
    asked = [each.name for view in service.on_demand_views for each in view.inputs if not each.view]
    needed = dict.fromkeys([labels.target, EVENT_TIME, *join_keys, *asked])
    missing = [name for name in needed if name not in frame]
    if missing:
        raise JobError(
            "LabelsInvalid",
            f"{place_of(labels)} lacks {', '.join(missing)}: a label needs its outcome, its time "
            f"({EVENT_TIME}), and the join keys and request fields of feature service "
            f"{service.feature_services[0].name}",
        )
    served = {feature.name for feature in served_features(service)}
    both = sorted(served & set(frame) - set(labels.exclude))
    if both:
        raise JobError(
            "LabelsInvalid",
            f"{place_of(labels)} and the feature service both have {', '.join(both)}: "
            "name them in spec.training.labels.exclude, or rename the column",
        )
    _refuse_target(frame[labels.target], labels)


def _refuse_target(target: pd.Series[Any], labels: Labels) -> None:
    outcomes = set(target.dropna().unique().tolist())
    if target.isna().any() or outcomes != {0, 1}:
        shown = ", ".join(sorted(map(str, outcomes))[:5])
        raise JobError(
            "LabelsInvalid",
            f"{place_of(labels)}: target {labels.target} has the values {shown}"
            f"{' and missing ones' if target.isna().any() else ''}: expected 0 and 1, both of them",
        )


def _request_features(
    frame: pd.DataFrame, labels: Labels, join_keys: list[str]
) -> tuple[ContractFeature, ...]:
    """Return the label columns that a request must bring; times are never among them."""
    hidden = {labels.target, EVENT_TIME, *join_keys, *labels.exclude}
    return tuple(
        ContractFeature(name=str(name), source=REQUEST, dtype=_dtype(frame[name]))
        for name in frame.columns
        if name not in hidden and not pd.api.types.is_datetime64_any_dtype(frame[name])
    )


def _dtype(column: pd.Series[Any]) -> str:
    """Return the Feast value type of a column of the labels."""
    if pd.api.types.is_bool_dtype(column):
        return "BOOL"
    if pd.api.types.is_integer_dtype(column):
        return "INT64"
    if pd.api.types.is_float_dtype(column):
        return "DOUBLE"
    kinds = {type(value) for value in column.dropna().head(1000)}
    return _TEXT if kinds <= {str} else "/".join(sorted(kind.__name__ for kind in kinds))


def _refuse_types(features: tuple[ContractFeature, ...]) -> None:
    unusable = [each for each in features if each.dtype not in {*_NUMBERS, _TEXT}]
    if unusable:
        named = ", ".join(f"{each.name} ({each.source}, {each.dtype})" for each in unusable)
        raise JobError(
            "LabelsInvalid",
            f"a decision tree cannot take {named}: name them in spec.training.labels.exclude",
        )


def _point_in_time(
    store: Any, frame: pd.DataFrame, join_keys: list[str], service: ReadPlan
) -> pd.DataFrame:
    """Return the labels' rows with every served feature as it was at the row's time.

    The offline store gets join keys and times alone: Redshift changes the names of other columns,
    and refuses text of more than 256 bytes.
    """
    others = [name for name in frame.columns if name not in join_keys and name != EVENT_TIME]
    entities = frame[list(dict.fromkeys(join_keys))].assign(**{_ROW: range(len(frame))})
    entities[EVENT_TIME] = _distinct(pd.to_datetime(frame[EVENT_TIME], utc=True))
    name = service.feature_services[0].name
    asked = stored_features(service)
    try:
        joined: pd.DataFrame = store.get_historical_features(
            entities, [*asked.values()], full_feature_names=True
        ).to_df()
    except Exception as error:
        raise aws_error(error) or JobError(
            "OfflineStoreFailed",
            f"feature service {name}, point in time: {type(error).__name__}: {error}",
        ) from error
    joined[EVENT_TIME] = pd.to_datetime(joined[EVENT_TIME], utc=True)
    joined = joined.sort_values([EVENT_TIME, _ROW], kind="stable").reset_index(drop=True)
    rest = frame.iloc[joined[_ROW]].reset_index(drop=True)
    stored = joined.rename(columns=short_names(service))
    computed = with_on_demand(stored, rest, service)
    return computed.assign(**{column: rest[column] for column in others})


def _distinct(times: pd.Series[Any]) -> pd.Series[Any]:
    """Return the times in the same order, equal ones moved microseconds apart.

    Feast's file offline store keeps only one of the rows that share a join key and a time.
    """
    ordered = times.astype("datetime64[us, UTC]").sort_values(kind="stable")
    steps = np.arange(len(ordered))
    micros = np.maximum.accumulate(ordered.astype("int64").to_numpy() - steps) + steps
    return pd.Series(pd.to_datetime(micros, unit="us", utc=True), ordered.index).reindex_like(times)


def _complete(joined: pd.DataFrame, names: list[str], place: str) -> pd.DataFrame:
    """Return the rows that have every feature."""
    missing = joined[names].isna()
    rows = joined[~missing.any(axis=1)].reset_index(drop=True)
    if rows.empty:
        worst = missing.sum().sort_values(ascending=False).head(3)
        counts = ", ".join(f"{name} in {count} rows" for name, count in worst.items())
        raise JobError(
            "NoTrainingRows",
            f"none of the {len(joined)} rows of {place} has every feature; missing: {counts}. "
            "Check that the views have rows within their ttl before the labels' times",
        )
    return rows
