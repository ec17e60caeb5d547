"""The commit of definitions in Git: a Job asks which one the ref stands for, at each interval."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hotplate.api import FeatureStore
from hotplate.api.v1alpha1 import names
from hotplate.api.v1alpha1.definitions import GitDefinitions
from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus
from hotplate.decide.fingerprint import fingerprint
from hotplate.decide.jobs.runs import JobRuns, is_running
from hotplate.decide.jobs.specs import resolve_job
from hotplate.decide.observed import FeatureStoreObserved
from hotplate.protocol.job_results import CommitResult


def in_git(store: FeatureStore, observed: FeatureStoreObserved) -> GitDefinitions | None:
    """Return the repository that the definitions are cloned from, None if they are not."""
    return None if observed.definitions_are_local else store.spec.definitions.git


def with_commit(
    store: FeatureStore, status: FeatureStoreStatus, runs: JobRuns, observed: FeatureStoreObserved
) -> FeatureStoreStatus:
    """Return the status with the commit that the ref stood for when it was last resolved.

    A Job that fails leaves the commit as it was, but for another repository or ref.
    """
    git = in_git(store, observed)
    if git is None or git.is_pinned:
        commit = None if git is None else git.ref
        return status.model_copy(update={"commit": commit, "resolve_run": None})
    inputs, last = _inputs(store, git), status.resolve_run
    due = _due(status, inputs, git, observed.now)
    run, outcome = runs.ensure(last, resolve_job(inputs, due))
    is_same = run is not None and last is not None and run.inputs == last.inputs
    commit = status.commit if is_same else None
    if outcome is not None:
        commit = outcome.of(CommitResult).commit
    return status.model_copy(update={"commit": commit, "resolve_run": run})


def next_resolution(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> datetime | None:
    """Return when the ref is resolved again, None if it is not."""
    git, run = in_git(store, observed), status.resolve_run
    if git is None or run is None or run.due is None or is_running(run) or store.spec.suspend:
        return None
    return run.due + git.interval


def plan_parts(
    store: FeatureStore, status: FeatureStoreStatus, observed: FeatureStoreObserved
) -> tuple[Any, ...]:
    """Return what a plan depends on of the definitions; how often a ref is resolved is no part."""
    data = store.spec.definitions.model_dump(mode="json", by_alias=True, exclude_none=True)
    data.get("git", {}).pop("interval", None)
    return (data, status.commit) if in_git(store, observed) is not None else (data,)


def _due(status: FeatureStoreStatus, inputs: str, git: GitDefinitions, now: datetime) -> datetime:
    """Return for when the ref is, or was, to be resolved; a clock may have been set back."""
    last = status.resolve_run
    if last is None or last.due is None or last.inputs != inputs:
        return now
    is_due = last.due + git.interval <= now or last.due > now + git.interval
    return now if is_due and not is_running(last) else last.due


def _inputs(store: FeatureStore, git: GitDefinitions) -> str:
    refresh = store.metadata.annotations.get(names.REFRESH_ANNOTATION)
    return fingerprint(git.url, git.ref, refresh)
