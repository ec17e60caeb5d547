"""On-demand features of a training table, row by row, as a scoring process computes them.

Feast 0.67 passes a singleton function whole columns offline and one row online: a function written
for one fails on the other. Training therefore computes them itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import pandas as pd

from hotplate.jobs.errors import JobError
from hotplate.online.decode.on_demand import OnDemandView, on_demand_views
from hotplate.online.errors import OnDemandError
from hotplate.protocol.read_plan import ReadPlan

Rows: TypeAlias = list[dict[str, Any]]


def with_on_demand(stored: pd.DataFrame, labels: pd.DataFrame, service: ReadPlan) -> pd.DataFrame:
    """Return the stored features with those of on-demand views, which see the labels as requests.

    A null input is None. Raises:
        JobError: OnDemandFailed, a function fails on the values of a row.

    """
    complete = stored
    for view in on_demand_views(service):
        requests = _rows(labels, view.requested)
        reads = _rows(stored, dict.fromkeys(name for _, name in view.stored))
        outputs = _computed(view, requests, reads)
        for name, _, _ in view.outputs:
            values = pd.Series([each[name] for each in outputs], stored.index)
            complete = complete.assign(**{name: values})
    return complete


def _computed(view: OnDemandView, requests: Rows, reads: Rows) -> Rows:
    """Return the outputs for each row; raise `JobError` OnDemandFailed with how many have none."""
    outputs: Rows = []
    failed: list[tuple[int, OnDemandError]] = []
    for number, (request, read) in enumerate(zip(requests, reads, strict=True)):
        try:
            outputs.append(view(request, read))
        except OnDemandError as error:
            failed.append((number, error))
    if failed:
        number, first = failed[0]
        raise JobError(
            "OnDemandFailed",
            f"{first} on {len(failed)} of {len(requests)} rows of the labels in order of time, "
            f"first on row {number}: return None where it has no value",
        ) from first
    return outputs


def _rows(table: pd.DataFrame, names: Iterable[str]) -> Rows:
    """Return the table's rows of the named columns; a missing value is None."""
    columns = {name: [_or_none(value) for value in table[name].tolist()] for name in names}
    if not columns:
        return [{} for _ in range(len(table))]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _or_none(value: Any) -> Any:
    return None if pd.api.types.is_scalar(value) and pd.isna(value) else value
