import fcntl
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from hotplate.api.v1alpha1.feature_store_status import FeatureStoreStatus, ViewProgress
from hotplate.decide.observed import JobState
from hotplate.local.errors import LocalError
from hotplate.local.jobs.finished import FinishedJob
from hotplate.local.state import OWNER_VARIABLE, State
from support.api.resources import feature_store


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "state")
    state.create()
    return state


def test_a_state_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LocalError, match=r"file/state cannot be written.*--state"):
        State(tmp_path / "file" / "state").create()


def test_a_folder_with_other_things_is_never_taken_for_a_state_folder(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")

    with pytest.raises(LocalError, match="is not a state folder and not empty"):
        State(tmp_path).create()


def test_a_held_state_folder_is_refused_with_the_running_ones_address(state: State) -> None:
    with state.held():
        state.write_running(url="http://127.0.0.1:3000")
        with pytest.raises(LocalError, match=rf"process {os.getpid()}, http://127.0.0.1:3000"):
            state.held().__enter__()

    with state.held():
        assert state.is_held()
    assert not state.is_held()


def test_a_start_waits_for_those_who_ask_whether_one_runs(state: State) -> None:
    with state.held():
        pass
    asking = (state.folder / "lock").open()
    fcntl.flock(asking, fcntl.LOCK_SH)
    threading.Timer(0.1, asking.close).start()

    with state.held():
        assert state.is_held()


def test_several_may_ask_at_one_time(state: State) -> None:
    with state.held():
        pass
    with (state.folder / "lock").open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        assert not state.is_held()


def test_nothing_runs_on_a_folder_that_nobody_holds(state: State) -> None:
    state.write_running(url="http://127.0.0.1:3000")

    assert state.running() is None


def test_what_a_killed_run_left_behind_is_ended(state: State) -> None:
    environment = os.environ | {OWNER_VARIABLE: str(state.folder)}
    code = "import time; print('up', flush=True); time.sleep(60)"
    left = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert left.stdout is not None
    assert left.stdout.readline() == "up\n"

    with state.held():
        assert not psutil.pid_exists(left.pid)


def test_a_fresh_start_forgets_resources_and_jobs_and_keeps_the_lock(state: State) -> None:
    with state.held():
        state.write(feature_store())
        state.finished_jobs.keep(failed_job())
        state.valkey.mkdir()
        state.clear()
        assert state.is_held()
        assert not state.valkey.exists()
        assert state.feature_store() is None
        assert state.finished_jobs.all() == []


def failed_job() -> FinishedJob:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    return FinishedJob(
        name="credit-plan-0",
        owner="FeatureStore",
        job="plan",
        state=JobState.FAILED,
        reason="DefinitionsEmpty",
        started=now,
        finished=now,
        kept_seconds=3600,
    )


def test_resources_are_kept_with_their_status(state: State) -> None:
    fresh = FeatureStoreStatus(fresh_views="1/2", views=(ViewProgress(name="a", rows=3),))
    store = feature_store().model_copy(update={"status": fresh})
    state.write(store)

    assert state.feature_store() == store
    assert state.model_deployment() is None


def test_a_resource_that_was_cut_short_counts_as_none(state: State) -> None:
    state.write(feature_store())
    (file,) = (state.folder / "resources").iterdir()
    file.write_text(file.read_text()[:-20])

    assert state.feature_store() is None


def test_a_folder_of_an_earlier_version_is_refused_until_it_is_started_over(state: State) -> None:
    (state.folder / "record.json").write_text("{}")

    with pytest.raises(LocalError, match=r"earlier version.*`hotplate up --fresh` starts over"):
        state.refuse_earlier_layout()
    with state.held():
        state.clear()
    state.refuse_earlier_layout()
