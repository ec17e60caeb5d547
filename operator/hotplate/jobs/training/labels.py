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
from hotplate.jobs.errors import JobError
from hotplate.jobs.offline.history import EVENT_TIME, Asked, history
from hotplate.jobs.training.label_rows import label_rows, place_of
from hotplate.jobs.training.on_demand import with_on_demand
from hotplate.jobs.workspace import Workspace
from hotplate.model.feature_contract import REQUEST, ContractFeature, served_features
from hotplate.protocol.read_plan import ReadPlan, ReadPlanError, ServiceRefusedError, value_names

logger = logging.getLogger(__name__)

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
        JobError: LabelsInvalid, FeatureServiceUnknown, NotServable, OfflineStoreFailed, RowsInvalid
            or NoTrainingRows.

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
    joined = _point_in_time(store, frame, service, place_of(labels))
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


def _times(frame: pd.DataFrame, place: str) -> pd.Series[Any]:
    """Return the labels' times in UTC, to the microsecond; raise `JobError` LabelsInvalid."""
    try:
        times = pd.to_datetime(frame[EVENT_TIME], utc=True).astype("datetime64[us, UTC]")
    except (ValueError, TypeError, OverflowError) as error:
        raise JobError(
            "LabelsInvalid", f"{place}: column {EVENT_TIME} has values that are no times: {error}"
        ) from error
    if missing := int(times.isna().sum()):
        raise JobError(
            "LabelsInvalid",
            f"{place}: {missing} of {len(times)} labels have no time ({EVENT_TIME}), first the one "
            f"in row {int(times.isna().to_numpy().argmax())}: write it, or leave them out",
        )
    return times


def _point_in_time(store: Any, frame: pd.DataFrame, service: ReadPlan, place: str) -> pd.DataFrame:
    """Return the labels' rows in order of time, with every feature as it was at the row's time."""
    times = _times(frame, place)
    order = np.argsort(times.to_numpy(), kind="stable")
    labels = frame.iloc[order].reset_index(drop=True)
    micros = times.astype(np.int64).to_numpy()[order]
    names, stored = value_names(service), pd.DataFrame(index=labels.index)
    for view in service.views:
        keys = {key.name: labels[key.name].tolist() for key in view.join_keys}
        for name, values in history(store, view, Asked(keys, micros)).items():
            stored[names[view.name, name]] = pd.Series(values, labels.index, dtype=object)
    computed = with_on_demand(stored, labels, service)
    kept = {name: labels[name] for name in labels.columns if name != EVENT_TIME}
    return computed.assign(**kept, **{EVENT_TIME: times.iloc[order].to_numpy()})


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
