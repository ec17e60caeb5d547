"""The loop of a run: what it waits for, what ends it, and what it prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from hotplate.decide.observed import Serving
from hotplate.local.errors import LocalError
from hotplate.local.jobs.worker import Ended
from hotplate.local.reconciler import Target
from hotplate.local.run import LONGEST_WAIT, Run, failure
from hotplate.protocol.job_results import FailedResult
from support.job_results import result
from support.local.played import START, LocalLife, PlayedRunner

TRAINING = {
    "labels": {"path": "data/loans.parquet", "target": "loan_status"},
    "onFailure": {"retries": 0},
}


class Prompt(PlayedRunner):
    """Runs nothing, and ends each call at once with its usual result, or with a failure."""

    def __init__(self, failing: str = "") -> None:
        super().__init__()
        self.failing = failing
        self.waits: list[float] = []

    def wait(self, seconds: float) -> Mapping[str, Ended]:
        self.waits.append(seconds)
        ended = {name: Ended(self._line(call.job)) for name, call in self.calls.items()}
        self.calls.clear()
        return ended

    def _line(self, job: str) -> str:
        if job == self.failing:
            return FailedResult(reason="GateFailed", message="roc_auc is 0.6").to_json()
        end = {"end": START.isoformat()} if job == "materialize" else {}
        return result(job, **end).to_json()


class Server:
    """Serves what it is given, and ends after so many checks."""

    def __init__(self, checks: int = 3) -> None:
        self.served: list[Target] = []
        self._checks = checks

    def serve(self, target: Target) -> None:
        if target not in self.served:
            self.served.append(target)

    def observed(self) -> Serving | None:
        return Serving("1", "bento", "http://x", 1, 1, 1, 1, is_complete=True)

    def check(self) -> None:
        self._checks -= 1
        if self._checks < 0:
            raise LocalError("the bento ended by itself")


def run_of(life: LocalLife, runner: Prompt) -> Run:
    """Return the run of a life whose Jobs the runner ends."""
    life.jobs._runner = runner
    return Run(life.reconciler, life.jobs, runner, lambda: life.now)


def no_failure() -> LocalError | None:
    return None


def test_a_preparation_lasts_until_no_job_runs(tmp_path: Path) -> None:
    life = LocalLife(tmp_path)
    prepared = run_of(life, Prompt()).prepare(no_failure)

    assert prepared.target.settings.model.tag == "credit_scoring:abc"
    assert prepared.notices == ()
    assert life.jobs.is_idle


def test_a_job_that_fails_for_good_ends_the_preparation(tmp_path: Path) -> None:
    life = LocalLife(tmp_path, model={"training": TRAINING})
    run = run_of(life, Prompt(failing="train"))

    with pytest.raises(LocalError, match=r"^GateFailed: roc_auc is 0.6$"):
        run.prepare(lambda: failure(life.state.finished_jobs))
    kept = life.state.model_deployment()
    assert kept is not None
    assert kept.status.training is not None
    assert kept.status.training.run.result == "GateFailed"


def test_what_needs_a_person_ends_the_preparation_with_what_to_do(tmp_path: Path) -> None:
    life = LocalLife(tmp_path, {"suspend": True})

    with pytest.raises(LocalError, match="FeatureStore credit-scoring: Suspended"):
        run_of(life, Prompt()).prepare(no_failure)


def test_a_suspended_resource_is_served_and_said_to_be_suspended_once(tmp_path: Path) -> None:
    life = LocalLife(tmp_path).until_served()
    life.change(model={"suspend": True})
    life.begin()
    run, lines, server = run_of(life, Prompt()), [], Server()
    prepared = run.prepare(no_failure)
    assert [line.split(":")[1] for line in prepared.notices] == [" Suspended"]

    with pytest.raises(LocalError, match="ended by itself"):
        run.serve(server, lambda: False, lines.append)
    assert lines == []


def test_a_run_that_serves_looks_at_its_server_every_second(tmp_path: Path) -> None:
    life, runner = LocalLife(tmp_path).until_served(), Prompt()
    run = run_of(life, runner)

    with pytest.raises(LocalError, match="ended by itself"):
        run.serve(Server(checks=3), lambda: False, lambda _: None)
    assert runner.waits == [LONGEST_WAIT] * 3


def test_an_edit_is_decided_on_at_once_and_its_model_served(tmp_path: Path) -> None:
    life = LocalLife(tmp_path).until_served()
    run, server, edits = run_of(life, Prompt()), Server(checks=5), iter([True])

    def taken_up() -> bool:
        if next(edits, False):
            life.change(model={"latency": {"budget": "50ms"}})
            return True
        return False

    with pytest.raises(LocalError, match="ended by itself"):
        run.serve(server, taken_up, lambda _: None)
    budgets = [target.settings.latency.budget_seconds for target in server.served]
    assert budgets == [0.01, 0.05]


def test_what_keeps_a_resource_from_being_ready_is_printed_once(tmp_path: Path) -> None:
    life = LocalLife(tmp_path).until_served()
    life.change(model={"training": TRAINING | {"tree": {"maxDepth": 3}}})
    lines: list[str] = []

    with pytest.raises(LocalError, match="ended by itself"):
        run_of(life, Prompt(failing="train")).serve(Server(), lambda: False, lines.append)
    assert len(lines) == 1
    assert lines[0].startswith("ModelDeployment credit-scoring: GateFailed")
