import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import httpx
import psutil
import pytest

from hotplate.api.v1alpha1.model_deployment_status import PinnedModel
from hotplate.local.state import State

READY = "Ctrl-C ends it."
MADE = "✓"
REUSED = "="


def steps(output: str) -> dict[str, str]:
    """The mark of each step by its name."""
    lines = re.findall(r"^([✓=✗]) (.{32})", output, re.MULTILINE)
    return {name.strip(): mark for mark, name in lines}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> State:
    """One state folder for the module: each test goes on where the one before has left it."""
    return State(tmp_path_factory.mktemp("run") / "state")


@pytest.fixture
def prepared(state: State, project, start) -> State:
    """The state folder after a run that was ready."""
    if model(state) is None:
        start(state.folder, project).until(READY).end()
    return state


def model(state: State) -> PinnedModel | None:
    """Return the model that the state folder serves."""
    resource = state.model_deployment()
    return resource.status.model if resource is not None else None


def test_a_run_killed_at_any_step_is_taken_up_by_the_next(state, project, start) -> None:
    for step in ("online store", "plan", "apply", "materialize", "train", "verify", "serve"):
        run = start(state.folder, project).until(f"… {step}")
        run.end(signal.SIGKILL)

    run = start(state.folder, project).until(READY)
    answer = httpx.post(f"{run.url}/score", json=example(run.output())).json()
    assert answer["decision"] in {"Approve", "Reject"}
    assert len(valkeys(state)) == 1
    run.end()
    assert left_over(state) == valkeys(state) == []


def left_over(state: State) -> list[psutil.Process]:
    """Return what a run that has ended still has 10 s later; one just forked is hard to find."""
    deadline = time.monotonic() + 10
    while (processes := state.leftovers()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return processes


def cwd(process: psutil.Process) -> str | None:
    try:
        return process.cwd()
    except psutil.Error:
        return None


def valkeys(state: State) -> list[int]:
    """The processes that work in the state folder's data, found without its own bookkeeping."""
    folder = str(state.valkey)
    return [p.pid for p in psutil.process_iter() if cwd(p) == folder]


def example(output: str) -> dict[str, object]:
    """The example request of the printed curl line."""
    found = re.search(r"-d '(\{.*\})'", output)
    assert found is not None, output
    return json.loads(found[1])


def test_the_second_run_does_nothing_again(prepared, project, start) -> None:
    run = start(prepared.folder, project).until(READY)

    assert steps(run.output()) == {
        "manifests": MADE,
        "online store": MADE,
        "apply": REUSED,
        "materialize driver_hourly_stats": REUSED,
        "train": REUSED,
        "verify": REUSED,
        "serve": MADE,
        "first request": MADE,
    }
    run.end()


def test_the_run_ends_by_its_own_request_and_answer(prepared, project, start) -> None:
    run = start(prepared.folder, project).until(READY)

    answer = json.loads(run.output().split("}'\n", 1)[1].split("\n\nCtrl-C")[0])
    asked = httpx.post(f"{run.url}/score", json=example(run.output())).json()
    assert answer["probability"] == asked["probability"]
    assert answer["features"]["driver_hourly_stats"]["status"] == "PRESENT"
    run.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_all_that_the_run_started(prepared, project, start, number) -> None:
    run = start(prepared.folder, project).until(READY)
    assert len(prepared.leftovers()) >= 2

    run.end(number)
    assert left_over(prepared) == []
    assert run.process.returncode == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{run.url}/readyz")


def test_ctrl_c_ends_a_run_in_the_middle_of_a_job(tmp_path, project, start) -> None:
    run = start(tmp_path / "state", project).until("… plan")

    run.end()
    assert left_over(State(tmp_path / "state")) == []


def test_a_state_folder_in_use_is_refused(prepared, project, start) -> None:
    first = start(prepared.folder, project).until(READY)

    failure = start(prepared.folder, project).failure()
    assert (
        f"belongs to a running `hotplate up` (process {first.process.pid}, {first.url})" in failure
    )
    assert httpx.get(f"{first.url}/readyz").status_code == 200
    first.end()


def test_a_port_in_use_is_refused(prepared, project, start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failure = start(prepared.folder, project, "--port", str(port)).failure()

    assert f"port {port} on 127.0.0.1 cannot be used" in failure
    assert "--port" in failure


def test_a_corrupted_model_is_named_and_comes_back_as_the_message_says(
    prepared, project, start
) -> None:
    (file,) = prepared.bentoml.rglob("model.onnx")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"\0")

    failure = start(prepared.folder, project).failure()
    fix = re.search(r"delete it with `BENTOML_HOME=(\S+) bentoml (.*)`: the next start", failure)
    assert fix is not None, failure
    assert model(prepared) is not None

    delete = [sys.executable, "-m", "bentoml", *fix[2].split()]
    subprocess.run(delete, env=os.environ | {"BENTOML_HOME": fix[1]}, check=True, timeout=60)
    start(prepared.folder, project).until(READY).end()
    assert file.read_bytes() == whole


def test_a_feature_service_that_does_not_exist_is_named_with_those_that_do(
    prepared, project, start
) -> None:
    other = project.with_name("other.yaml")
    other.write_text(
        project.read_text().replace("featureService: driver_stats_v1", "featureService: v2")
    )

    failure = start(prepared.folder, other).failure()
    assert "FeatureServiceMissing" in failure
    assert "driver_stats_v1" in failure
    assert model(prepared) is not None


def test_definitions_that_are_gone_delete_nothing(prepared, project, start, tmp_path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(project.parent, folder)
    for file in (folder / "driver_stats" / "feature_repo").glob("*.py"):
        file.unlink()

    failure = start(prepared.folder, folder / project.name).failure()
    assert "DefinitionsEmpty" in failure

    run = start(prepared.folder, project).until(READY)
    assert "0 to create, 0 to update, 0 to delete" in run.output()
    assert steps(run.output())["train"] == REUSED
    run.end()


def test_a_bad_manifest_is_refused_with_every_field(project, start, tmp_path) -> None:
    text = project.read_text().replace("embedded: {}", "embedded: {}\n    file: {}", 1)
    bad = tmp_path / "bad.yaml"
    bad.write_text(text.replace("target: late", "target: late\n      targets: late", 1))

    failure = start(tmp_path / "state", bad).failure()
    assert "spec.registry" in failure
    assert "spec.training.labels.targets" in failure
    assert not (tmp_path / "state").exists()


def test_changed_definitions_are_applied_and_their_rows_written_anew(
    prepared, project, start, tmp_path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(project.parent, folder)
    definitions = folder / "driver_stats" / "feature_repo" / "driver_features.py"
    definitions.write_text(
        definitions.read_text().replace("timedelta(days=1)", "timedelta(days=2)")
    )

    for manifest in (folder / project.name, project):
        run = start(prepared.folder, manifest).until(READY)
        marks = steps(run.output())
        assert marks["apply"] == marks["materialize driver_hourly_stats"] == MADE
        assert marks["train"] == marks["verify"] == MADE
        run.end()


def test_a_detached_run_is_shown_and_ended(prepared, project) -> None:
    def hotplate(*arguments: str) -> str:
        command = [
            sys.executable,
            "-m",
            "hotplate.cli",
            *arguments,
            "--state",
            str(prepared.folder),
        ]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=120
        ).stdout

    port = "0"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    try:
        assert READY in hotplate("up", "-d", str(project), "--port", port)
        with pytest.raises(subprocess.CalledProcessError) as refused:
            hotplate("up", "-d", str(project))
        assert "belongs to a running `hotplate up` (process" in refused.value.stderr
        shown = hotplate("status")
        assert f"serves at http://127.0.0.1:{port}" in shown
        assert "driver_hourly_stats" in shown
    finally:
        assert "is down" in hotplate("down")
    assert left_over(prepared) == []
    assert "not running" in hotplate("status")


def test_a_run_that_is_still_starting_is_ended_by_down(tmp_path, project, start) -> None:
    run = start(tmp_path / "state", project).until("… plan")
    command = [sys.executable, "-m", "hotplate.cli", "down", "--state", str(run.folder)]

    subprocess.run(command, check=True, timeout=60)
    run.process.wait(10)
    assert left_over(State(run.folder)) == []


def test_the_plan_is_shown_and_changes_nothing(prepared, project) -> None:
    before = prepared.feature_store()
    command = [sys.executable, "-m", "hotplate.cli", "plan", str(project)]
    shown = subprocess.run(
        [*command, "--state", str(prepared.folder)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout

    assert "0 to create, 0 to update, 0 to delete" in shown
    assert prepared.feature_store() == before
