"""A line for each Job of a run, with what came of it."""

from __future__ import annotations

from collections.abc import Iterator

from hotplate.api import FeatureStore, ModelDeployment
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus
from hotplate.api.v1alpha1.model_deployment_status import ModelDeploymentStatus
from hotplate.api.v1alpha1.names import revision_id
from hotplate.decide.jobs.specs import JobSpec
from hotplate.decide.observed import JobState, Outcome
from hotplate.local.progress import Step, Steps
from hotplate.protocol.definition_results import ApplyResult, PlanResult
from hotplate.protocol.job_results import FailedResult, MaterializeResult, TrainResult, VerifyResult
from hotplate.protocol.results import Result


class JobLines:
    """Prints the Jobs of a run as steps."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._under_way: dict[str, Step] = {}
        self._done: set[str] = set()

    def started(self, name: str, job_spec: JobSpec) -> None:
        """Print that a Job begins."""
        self._under_way[name] = self._steps.begin(job_spec.label)

    def retried(self, name: str, attempt: int, failure: FailedResult) -> None:
        """Print that an attempt failed, and why."""
        step = self._under_way[name].name
        self._steps.say(f"{step}: attempt {attempt} failed: {failure.reason}: {failure.message}")

    def finished(self, name: str, outcome: Outcome) -> None:
        """Print what came of a Job."""
        step, has_failed = self._under_way.pop(name), outcome.state is JobState.FAILED
        reason = f"{outcome.reason}: {outcome.message}"
        step.done(reason if has_failed else _summary(outcome.result))
        self._steps.end(step, failed=has_failed)
        self._done.add(step.name)

    def stopped(self, name: str) -> None:
        """Print that a Job was stopped."""
        step = self._under_way.pop(name)
        step.done("stopped")
        self._steps.end(step, failed=True)

    def show_reused(self, store: FeatureStore, model_deployment: ModelDeployment) -> None:
        """Print what earlier runs did, and this one did not do again."""
        for name, outcome in _kept(store.status, model_deployment.status):
            if name not in self._done:
                step = self._steps.begin(name)
                step.done(outcome, reused=True)
                self._steps.end(step)


def _summary(result: Result | None) -> str:
    """Return what a result says, in a few words."""
    match result:
        case PlanResult():
            counts = (result.create, result.update, result.delete)
            return "{} to create, {} to update, {} to delete".format(*counts)
        case ApplyResult():
            return f"revision {revision_id(result.revision)}"
        case MaterializeResult():
            rows = "" if result.rows is None else f"{result.rows:,} rows "
            return f"{rows}up to {result.end:%Y-%m-%d %H:%M} UTC"
        case TrainResult():
            return f"model {result.version}, roc_auc {result.metrics['roc_auc']:.3f}"
        case VerifyResult():
            sampled = sum(view.sampled for view in result.views)
            return f"{sampled} rows are served as the offline store has them"
    return "done"


def _kept(
    store: FeatureStoreStatus, model_deployment: ModelDeploymentStatus
) -> Iterator[tuple[str, str]]:
    """Yield the steps whose outcome is in status."""
    if store.revision is not None:
        yield "apply", f"revision {store.revision.id} is applied"
    for view in store.views:
        if view.watermark is not None:
            yield f"materialize {view.name}", f"up to {view.watermark:%Y-%m-%d %H:%M} UTC"
    if model_deployment.model is not None:
        yield "train", f"model {model_deployment.model.version} exists"
    if model_deployment.verify_run is not None:
        yield "verify", "nothing has changed since"
