"""What a Job prints in place of a result that does not fit a termination message."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotplate import jobs
from hotplate.protocol.job_results import MAX_BYTES, FailedResult, StoredResult
from hotplate.protocol.stored_results import pack
from support.api.resources import feature_store
from support.job_results import result

LONG = result("plan", summary=[f"create feature view number_{number}" for number in range(500)])


def workspace(artifacts: str | None = None) -> jobs.Workspace:
    return jobs.Workspace(feature_store(), Path(), artifacts=artifacts)


def test_a_result_that_fits_is_printed_as_it_is() -> None:
    assert jobs.fitting(workspace(), result("plan")) == result("plan")


def test_a_long_result_is_an_artifact_before_it_is_named(tmp_path: Path) -> None:
    stored = jobs.fitting(workspace(tmp_path.as_uri()), LONG)

    assert isinstance(stored, StoredResult)
    (file,) = tmp_path.iterdir()
    assert file.read_bytes() == pack(LONG)
    assert file.name == stored.digest.replace(":", "-")


def test_without_an_artifact_store_a_long_result_is_a_failure_that_names_the_field() -> None:
    with pytest.raises(jobs.JobError, match=r"ArtifactStoreMissing: .*set spec\.artifacts"):
        jobs.fitting(workspace(), LONG)


def test_a_failure_is_never_stored() -> None:
    failure = FailedResult(reason="OnlineStoreUnavailable", message="x" * 2 * MAX_BYTES)

    assert jobs.fitting(workspace(), failure) is failure
