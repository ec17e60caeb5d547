"""A Job that ends in an unusual way still reports one failure."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import typer

from hotplate.jobs.command.report import report
from hotplate.jobs.workspace import Workspace
from hotplate.protocol.results import Result
from support.api.resources import feature_store


def test_a_job_that_calls_sys_exit_is_a_failure_that_says_so(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def leave(_: Workspace) -> Result:
        sys.exit("no licence")

    with pytest.raises(typer.Exit):
        report(lambda: Workspace(feature_store(), Path()), leave)
    failure = json.loads(capfd.readouterr().out)
    assert failure["reason"] == "JobFailed"
    assert "sys.exit" in failure["message"]
    assert "no licence" in failure["message"]
