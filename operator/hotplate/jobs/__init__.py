"""What a Job's pod runs, each Job a function of a workspace; a local run calls the same functions.

A Job reads the resource's manifest and a Feast repository, and returns one result. Each Job is a
module in `tasks`; the other packages hold what Jobs share. Importing this package imports neither
Feast nor scikit-learn: a Job does when it is called.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.definitions import revision
from hotplate.jobs.workspace import Window, Workspace
from hotplate.protocol.definition_results import ApplyResult, PlanResult
from hotplate.protocol.job_results import (
    FailedResult,
    MaterializeResult,
    PreflightResult,
    ResultPart,
    StoredResult,
    TeardownResult,
    TrainResult,
    VerifyResult,
)
from hotplate.protocol.results import Result
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
    "Workspace",
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


def preflight(workspace: Workspace) -> PreflightResult | FailedResult:
    """Check that the stores are reachable and allow a feature store to work; change nothing."""
    result: PreflightResult | FailedResult = _job("preflight").run(workspace)
    return result


def plan(workspace: Workspace) -> PlanResult:
    """Return what applying the definitions would change; change nothing."""
    result: PlanResult = _job("plan").run(workspace)
    return result


def apply(workspace: Workspace) -> ApplyResult:
    """Apply the definitions, unless the plan deletes more than `spec.apply` allows."""
    result: ApplyResult = _job("apply").run(workspace)
    return result


def materialize(workspace: Workspace, view: str, window: Window | None = None) -> MaterializeResult:
    """Write a view's window to the online store; by default from its watermark to now."""
    result: MaterializeResult = _job("materialize").run(workspace, view, window)
    return result


def train(workspace: Workspace, model_deployment: ModelDeployment) -> TrainResult:
    """Train the model, and save it if it passes the gate."""
    result: TrainResult = _job("train").run(workspace, model_deployment)
    return result


def verify(
    workspace: Workspace,
    model_deployment: ModelDeployment | None = None,
    golden_rows: Path | None = None,
) -> VerifyResult:
    """Compare served features with the offline store, and the model's contract with the plan."""
    result: VerifyResult = _job("verify").run(workspace, model_deployment, golden_rows)
    return result


def teardown(workspace: Workspace) -> TeardownResult:
    """Remove exactly this project's data from the online store and the registry."""
    result: TeardownResult = _job("teardown").run(workspace)
    return result


def fitting(workspace: Workspace, result: Result) -> Result:
    """Return the result if it fits a termination message, else a reference to the stored result.

    A failure is never stored: the artifact store may be what failed.
    """
    if isinstance(result, FailedResult) or fits(result):
        return result
    stored: StoredResult = _job("result").store(workspace, result)
    return stored


def result_part(workspace: Workspace, digest: str, number: int) -> ResultPart:
    """Return one part of a stored result; the first is number 0."""
    part: ResultPart = _job("result").run(workspace, digest, number)
    return part


def _job(module: str) -> Any:
    """Import the Job's module only now: it takes seconds and hundreds of megabytes."""
    return import_module(f"hotplate.jobs.tasks.{module}")
