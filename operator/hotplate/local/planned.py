"""What applying the definitions would change; nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hotplate.api.v1alpha1.feature_store_plan import PlanSummary, ServiceStatus
from hotplate.decide.jobs.specs import JobSpec, plan_job, result_jobs
from hotplate.decide.jobs.stored_outcomes import with_parts
from hotplate.decide.observed import JobState, Outcome
from hotplate.decide.reported import plan_summary, service_statuses
from hotplate.local.embedded import embedded_valkey
from hotplate.local.errors import LocalError
from hotplate.local.jobs.calls import Place
from hotplate.local.jobs.worker import Workers
from hotplate.local.manifests import Manifests
from hotplate.local.run import explained
from hotplate.local.state import OWNER_VARIABLE, State
from hotplate.local.up import state_of
from hotplate.model.artifact_store import artifact_store
from hotplate.protocol import plans
from hotplate.protocol.definition_results import PlanResult
from hotplate.protocol.job_results import FailedResult, StoredResult
from hotplate.protocol.plans import ObjectChange
from hotplate.protocol.results import Result


@dataclass(frozen=True)
class Planned:
    """What applying would change, whole and in short, and the definitions' feature services."""

    changes: tuple[ObjectChange, ...]
    summary: PlanSummary
    services: tuple[ServiceStatus, ...]


def plan(manifests: Manifests, folder: Path | None) -> Planned:
    """Return the plan of the manifests' definitions against the state folder.

    Raises:
        LocalError: it cannot be made; the message says why and what to do.
    """
    state = state_of(manifests, folder)
    state.create()
    with _store(manifests, state) as store, closing(Workers(state.log("jobs"))) as workers:
        place = Place(manifests, state.plan_resources, state.bentoml, store)
        place.write_resources()

        def run(job_spec: JobSpec) -> Result:
            return workers.run(place.call(job_spec))

        result = whole(run(plan_job("")), run)
        if not isinstance(result, PlanResult):
            raise LocalError(explained(result))
        kept = artifact_store(manifests.feature_store.spec.artifacts or store or "")
        changes = plans.from_json(kept.get(result.plan_hash))
    return Planned(changes, plan_summary(result, None), service_statuses(result.services))


def whole(result: Result, run: Callable[[JobSpec], Result]) -> Result | None:
    """Return the plan's result; one that was stored is read part by part, as on a cluster."""
    if not isinstance(result, StoredResult):
        return result
    parts = [_outcome(run(each)) for each in result_jobs(result, "")]
    whole = with_parts("plan", _outcome(result), parts)
    if whole.state is JobState.FAILED:
        return FailedResult(reason=whole.reason, message=whole.message)
    return whole.result


def _outcome(result: Result) -> Outcome:
    if isinstance(result, FailedResult):
        return Outcome(JobState.FAILED, result.reason, result.message)
    return Outcome(JobState.SUCCEEDED, JobState.SUCCEEDED.value, result=result)


@contextmanager
def _store(manifests: Manifests, state: State) -> Iterator[str | None]:
    """Yield the embedded Valkey's URL: the running one's, or one that is started for the plan."""
    running = state.running()
    with ExitStack() as stack:
        if running is not None:
            if running["url"] is None:
                raise state.held_by()
            yield running["store"]
            return
        os.environ[OWNER_VARIABLE] = str(state.folder)
        stack.enter_context(state.held())
        embedded = manifests.uses_embedded
        yield stack.enter_context(embedded_valkey(state.valkey)) if embedded else None
