"""What a Job's pod runs, each Job a function of a workspace; a local run calls the same functions.

A Job reads the resource's manifest and a Feast repository, and returns one result. The Jobs
themselves are in `tasks`, one module each; the other packages hold what they share. Importing this
package imports neither Feast nor scikit-learn: the Jobs do when they are called.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.definitions import revision
from hotplate.jobs.workspace import Window, Workplace
from hotplate.protocol.job_results import (
    ApplyResult,
    FailedResult,
    MaterializeResult,
    PlanResult,
    PreflightResult,
    Result,
    ResultPart,
    StoredResult,
    TeardownResult,
    TrainResult,
    VerifyResult,
)
from hotplate.protocol.stored_results import fits

if TYPE_CHECKING:
    from pathlib import Path

    from hotplate.api import ModelDeployment

__all__ = [
    "ApplyResult",
    "FailedResult",
    "JobError",
    "MaterializeResult",
    "PlanResult",
    "PreflightResult",
    "TeardownResult",
    "TrainResult",
    "VerifyResult",
    "Window",
    "Workplace",
    "apply",
    "fitting",
    "materialize",
    "plan",
    "preflight",
    "result_part",
    "revision",
    "teardown",
    "train",
    "verify",
]


def preflight(workplace: Workplace) -> PreflightResult | FailedResult:
    """Return whether the stores are there and let the feature store work; nothing is changed."""
    result: PreflightResult | FailedResult = _job("preflight").run(workplace)
    return result


def plan(workplace: Workplace) -> PlanResult:
    """Return what applying the definitions would change; nothing is changed."""
    result: PlanResult = _job("plan").run(workplace)
    return result


def apply(workplace: Workplace) -> ApplyResult:
    """Apply the definitions, unless the plan deletes more than `spec.apply` allows."""
    result: ApplyResult = _job("apply").run(workplace)
    return result


def materialize(workplace: Workplace, view: str, window: Window | None = None) -> MaterializeResult:
    """Write a view's window to the online store; by default from its watermark to now."""
    result: MaterializeResult = _job("materialize").run(workplace, view, window)
    return result


def train(workplace: Workplace, model_deployment: ModelDeployment) -> TrainResult:
    """Train the model and save it, unless it does not pass the gate."""
    result: TrainResult = _job("train").run(workplace, model_deployment)
    return result


def verify(
    workplace: Workplace,
    model_deployment: ModelDeployment | None = None,
    golden_rows: Path | None = None,
) -> VerifyResult:
    """Compare a sample of what is served with the offline store, and the model's contract."""
    result: VerifyResult = _job("verify").run(workplace, model_deployment, golden_rows)
    return result


def teardown(workplace: Workplace) -> TeardownResult:
    """Remove exactly this project's data from the online store and the registry."""
    result: TeardownResult = _job("teardown").run(workplace)
    return result


def fitting(workplace: Workplace, result: Result) -> Result:
    """Return the result where it fits a termination message, else what stands for it."""
    if fits(result):
        return result
    stored: StoredResult = _job("result").store(workplace, result)
    return stored


def result_part(workplace: Workplace, digest: str, number: int) -> ResultPart:
    """Return one part of a stored result; the first is number 0."""
    part: ResultPart = _job("result").run(workplace, digest, number)
    return part


def _job(module: str) -> Any:
    """Import the job's module now: it takes seconds, and hundreds of megabytes."""
    return import_module(f"hotplate.jobs.tasks.{module}")
