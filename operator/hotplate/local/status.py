"""What the state folders of this machine hold, and how the runs on them are ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus
from hotplate.api.v1alpha1.model_deployment_status import ModelDeploymentStatus
from hotplate.local.errors import LocalError
from hotplate.local.state import State, end_all

STATES = Path(".hotplate")
"""Where the state folders are, one for each FeatureStore, in the current folder."""

DOWN_SECONDS = 10.0


def states(folder: Path | None) -> list[State]:
    """The state folder asked for, or all of the current folder."""
    if folder is not None:
        return [State(folder)]
    return [State(record.parent) for record in sorted(STATES.glob("*/lock"))]


@dataclass(frozen=True)
class RunStatus:
    """What a state folder holds of its two resources, and whether a run serves them now."""

    name: str
    state: str
    feature_store: FeatureStoreStatus
    model_deployment: ModelDeploymentStatus


def run_statuses(folder: Path | None) -> list[RunStatus]:
    """Return what each state folder holds."""
    return [
        RunStatus(state.folder.name, _whereabouts(state), *statuses(state))
        for state in states(folder)
    ]


def statuses(state: State) -> tuple[FeatureStoreStatus, ModelDeploymentStatus]:
    """Return the statuses of both resources, empty ones where there are none yet."""
    store, model_deployment = state.feature_store(), state.model_deployment()
    return (
        FeatureStoreStatus() if store is None else store.status,
        ModelDeploymentStatus() if model_deployment is None else model_deployment.status,
    )


def _whereabouts(state: State) -> str:
    running = state.running()
    if running is None:
        return "not running"
    return f"serves at {running['url']}" if running["url"] else "starting"


def down(folder: Path | None) -> Iterator[str]:
    """End the running `hotplate up` of each state folder; yield its name once nothing is left."""
    up = [state for state in states(folder) if state.is_held() or state.leftovers()]
    for state in up:
        _end(state)
        yield state.folder.name


def _end(state: State) -> None:
    running = state.running()
    if running is not None:
        _terminate(int(running["pid"]))
        _wait_until_free(state, running["pid"])
    end_all(state.leftovers())


def _wait_until_free(state: State, pid: int) -> None:
    deadline = time.monotonic() + DOWN_SECONDS
    while state.is_held():
        if time.monotonic() > deadline:
            raise LocalError(f"process {pid} has not ended in {DOWN_SECONDS:.0f} s")
        time.sleep(0.05)


def _terminate(pid: int) -> None:
    try:
        psutil.Process(pid).terminate()
    except psutil.NoSuchProcess:
        return
