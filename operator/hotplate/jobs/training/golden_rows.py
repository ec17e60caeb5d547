"""Golden rows: requests with known answers, scored by a model before it gets any traffic.

A file has one JSON object per line: `request` (join keys and what else a request brings), and
`decision` (Approve or Reject), `probability` (0 to 1), or both. It is scored as the scoring process
does it: from features of the online store and computed on-demand features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hotplate.jobs.errors import JobError
from hotplate.model.feature_contract import requested
from hotplate.model.onnx import Model
from hotplate.online.blocking.reader import SyncOnlineReader
from hotplate.online.connection.config import Connection
from hotplate.online.decode.on_demand import RowValues
from hotplate.online.decode.service_reader import FeatureRow, ViewStatus
from hotplate.online.errors import EntityKeyError, OnDemandError, OnlineReadError
from hotplate.protocol.pod_files import GOLDEN_ROWS_FILE, key_of
from hotplate.protocol.read_plan import ReadPlan

TOLERANCE = 0.001
"""How far a probability may be from the expected one."""

_DEADLINE = 10.0
_FILE = key_of(GOLDEN_ROWS_FILE)
_SHOWN = 5


class GoldenRow(BaseModel):
    """A request, and what its answer must be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: dict[str, Any]
    decision: Literal["Approve", "Reject"] | None = None
    probability: float | None = Field(default=None, ge=0, le=1)


@dataclass(frozen=True)
class Scoring:
    """A model, and where it reads its features."""

    model: Model
    plan: ReadPlan
    connection: Connection


def rows_of(path: Path) -> tuple[GoldenRow, ...]:
    """Return the rows of the file; raise `JobError` GoldenRowsInvalid with the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise JobError(
            "GoldenRowsInvalid",
            f"{path.name} cannot be read: {error.strerror}; its ConfigMap"
            f" must have the key {_FILE}",
        ) from error
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not numbered:
        raise JobError(
            "GoldenRowsInvalid", f"{_FILE} has no rows: expected one JSON object per line"
        )
    return tuple(_row(number, line) for number, line in numbered)


def _row(number: int, line: str) -> GoldenRow:
    try:
        row = GoldenRow.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"])) or "the row"
        raise JobError(
            "GoldenRowsInvalid", f"{_FILE}, line {number}: {field}: {problem['msg']}"
        ) from error
    if row.decision is None and row.probability is None:
        raise JobError(
            "GoldenRowsInvalid",
            f"{_FILE}, line {number}: expected decision, probability, or both",
        )
    return row


def check(rows: Sequence[GoldenRow], scoring: Scoring) -> None:
    """Score the rows; raise `JobError` GoldenRowsDiffer with the first that differ."""
    if not rows:
        return
    found = list(_differences(rows, scoring))
    if found:
        raise JobError(
            "GoldenRowsDiffer",
            f"{len(found)} of {len(rows)} golden rows do not match: {'; '.join(found[:_SHOWN])}",
        )


def _differences(rows: Sequence[GoldenRow], scoring: Scoring) -> Iterator[str]:
    for number, (row, features) in enumerate(zip(rows, _features(rows, scoring), strict=True), 1):
        unread = [
            f"{name} {read.status.value}"
            for name, read in features.views.items()
            if read.status is not ViewStatus.PRESENT
        ]
        if unread:
            yield f"row {number}: features are missing: {', '.join(unread)}"
            continue
        probability = _probability(scoring, row.request, features)
        yield from (f"row {number}: {problem}" for problem in _problems(row, scoring, probability))


def _problems(row: GoldenRow, scoring: Scoring, probability: float) -> Iterator[str]:
    decision = "Reject" if probability >= scoring.model.contract.threshold else "Approve"
    if row.decision is not None and row.decision != decision:
        yield f"got {decision} (probability {probability:.4f}), expected {row.decision}"
    if row.probability is not None and abs(row.probability - probability) > TOLERANCE:
        yield f"got probability {probability:.4f}, expected {row.probability:.4f}"


def _probability(scoring: Scoring, request: dict[str, Any], features: FeatureRow) -> float:
    try:
        values = RowValues(scoring.plan, requested(scoring.model.contract))
        return scoring.model.probabilities([values(request, features.values)])[0]
    except (OnDemandError, KeyError, TypeError, ValueError) as error:
        raise JobError(
            "GoldenRowsInvalid", f"a golden row cannot be scored: {type(error).__name__}: {error}"
        ) from error


def _features(rows: Sequence[GoldenRow], scoring: Scoring) -> list[FeatureRow]:
    service = scoring.model.contract.feature_service
    try:
        with closing(SyncOnlineReader(scoring.plan, service, scoring.connection)) as reader:
            return reader.read([row.request for row in rows], _DEADLINE)
    except EntityKeyError as error:
        raise JobError("GoldenRowsInvalid", f"a golden row's request: {error}") from error
    except OnlineReadError as error:
        raise JobError("OnlineStoreUnreachable", str(error)) from error
