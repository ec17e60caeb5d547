"""`hotplate plan` reads a plan that is too long for a termination message as the operator does."""

from __future__ import annotations

import pytest

from hotplate.decide.jobs.specs import JobSpec
from hotplate.local.planned import whole
from hotplate.protocol import job_environment
from hotplate.protocol.job_results import FailedResult
from hotplate.protocol.results import Result
from hotplate.protocol.stored_results import pack, part, stored
from support.job_results import result

LONG = result("plan", summary=[f"create FeatureView number_{hash(n)}" for n in range(2000)])
DATA = pack(LONG)


def read(job_spec: JobSpec) -> Result:
    assert job_spec.name == "result"
    return part(DATA, int(job_spec.variables[job_environment.RESULT_PART]))


def test_a_plan_that_fits_is_read_as_it_is() -> None:
    assert whole(result("plan"), read) == result("plan")


def test_a_stored_plan_is_read_part_by_part() -> None:
    assert stored(DATA).parts > 1
    assert whole(stored(DATA), read) == LONG


def test_a_part_that_cannot_be_read_is_the_plans_failure() -> None:
    def fail(_: JobSpec) -> Result:
        return FailedResult(reason="ArtifactMissing", message="no such object")

    found = whole(stored(DATA), fail)
    assert found == FailedResult(
        reason="ArtifactMissing", message="its result cannot be read: no such object"
    )


@pytest.mark.parametrize("number", [0, 1])
def test_a_part_of_another_result_is_refused(number: int) -> None:
    def mixed(job_spec: JobSpec) -> Result:
        read_part = int(job_spec.variables[job_environment.RESULT_PART])
        return part(DATA if read_part != number else pack(result("plan")), read_part)

    found = whole(stored(DATA), mixed)
    assert isinstance(found, FailedResult)
    assert found.reason == "InvalidResult"
