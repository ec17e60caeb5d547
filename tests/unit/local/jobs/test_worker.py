"""What a Job wrote is its result, or a failure that says what is wrong with it."""

from __future__ import annotations

import pytest

from hotplate.local.jobs.worker import Ended
from hotplate.protocol.job_results import FailedResult
from support.job_results import result


def test_what_a_job_wrote_is_its_result() -> None:
    assert Ended(result("plan").to_json()).result("plan") == result("plan")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (FailedResult.of("DefinitionsEmpty", "no file").to_json(), "DefinitionsEmpty"),
        ("warning: hello", "InvalidResult"),
        (result("apply").to_json(), "InvalidResult"),
        (None, "JobFailed"),
    ],
)
def test_what_is_no_result_of_the_job_is_a_failure(line: str | None, reason: str) -> None:
    failure = Ended(line).result("plan")

    assert isinstance(failure, FailedResult)
    assert failure.reason == reason
