"""On-demand features of a training table, row by row, as a scoring process computes them.

Feast 0.67 passes a singleton function whole columns offline and one row online: a function written
for one fails on the other. Training therefore asks Feast for stored features only.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from hotplate.jobs.errors import JobError
from hotplate.online.decode.on_demand import on_demand_views
from hotplate.online.errors import OnDemandError
from hotplate.protocol.read_plan import ReadPlan


def stored_features(service: ReadPlan) -> list[str]:
    """Return what to ask Feast for, `view:feature`: what the service reads or computes from."""
    computed_from = {name for view in service.on_demand_views for name in view.inputs}
    served = {(each.view, each.name) for each in service.feature_services[0].features}
    return [
        f"{view.name}:{feature.name}"
        for view in service.views
        for feature in view.features
        if (view.name, feature.name) in served or feature.name in computed_from
    ]


def with_on_demand(rows: pd.DataFrame, service: ReadPlan) -> pd.DataFrame:
    """Return the rows with the features of the service's on-demand views; a null input is None.

    Raises:
        JobError: OnDemandFailed, a function fails on the values of a row.

    """
    integers = {
        feature.name
        for view in service.views
        for feature in view.features
        if feature.dtype.startswith("INT")
    }
    complete = rows
    for view in on_demand_views(service):
        inputs = zip(*(_values(rows[name], name in integers) for name in view.inputs), strict=True)
        try:
            outputs = [view(dict(zip(view.inputs, row, strict=True))) for row in inputs]
        except OnDemandError as error:
            raise JobError("OnDemandFailed", f"{error}, on a row of the labels") from error
        columns = pd.DataFrame(outputs, index=rows.index, columns=list(view.outputs))
        complete = complete.assign(**{name: columns[name] for name in view.outputs})
    return complete


def _values(column: pd.Series[Any], whole: bool) -> list[Any]:
    """Return a column's values as a scoring process reads them: a column with nulls is float."""
    values = [None if pd.isna(value) else value for value in column.tolist()]
    return [int(value) if whole and value is not None else value for value in values]
