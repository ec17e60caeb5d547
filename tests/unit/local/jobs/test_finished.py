"""A Job that has ended is kept as it was; what another release kept is no Job."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hotplate.local.jobs.finished import FinishedJob, FinishedJobs
from support.job_results import document

NOW = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)


def kept(folder: Path, **changes: Any) -> FinishedJobs:
    """Keep a plan that has ended, and change its file."""
    jobs = FinishedJobs(folder)
    job = FinishedJob(
        name="plan-1",
        owner="FeatureStore",
        job="plan",
        state="Succeeded",
        reason="Succeeded",
        result=document("plan"),
        started=NOW,
        finished=NOW,
        kept_seconds=60,
    )
    jobs.keep(job)
    (file,) = folder.iterdir()
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    return jobs


def test_a_job_that_has_ended_is_kept_with_its_result(tmp_path: Path) -> None:
    (job,) = kept(tmp_path).all()

    assert job.outcome.result is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"result": {"result": "Planned", "hash": 3}},
        {"result": None},
        {"result": {"result": "Materialized"}},
        {"state": "Failed", "result": {"checks": 3}},
        {"state": "Lost"},
    ],
)
def test_a_file_that_no_result_can_be_read_from_is_no_job(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    assert kept(tmp_path, **changes).all() == []
