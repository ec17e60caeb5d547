import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hotplate.local.errors import LocalError
from hotplate.local.record import Record
from hotplate.local.state import OWNER_VARIABLE, State


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


def test_a_fresh_start_forgets_the_record_and_keeps_the_lock(state: State) -> None:
    with state.held():
        state.write_record(Record())
        state.valkey.mkdir()
        state.clear()
        assert state.is_held()
        assert not state.valkey.exists()
        assert state.record() == Record()


def test_a_record_that_was_cut_short_counts_as_none(state: State) -> None:
    (state.folder / "record.json").write_text('{"applied": {"revi')

    assert state.record() == Record()
