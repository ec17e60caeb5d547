import pytest

from hotplate.jobs.errors import JobError
from hotplate.jobs.training.model_store import model_errors
from hotplate.model.errors import (
    ContractMismatchError,
    ModelCorruptError,
    ModelError,
    ModelMissingError,
)


@pytest.mark.parametrize(
    ("error", "reason", "message"),
    [
        (ModelMissingError("model a:1"), "ModelMissing", "model a:1: train it first, or check"),
        (ModelCorruptError("model a:1"), "ModelCorrupt", "model a:1; train it again"),
        (ContractMismatchError("model a:1"), "ContractMismatch", "model a:1"),
    ],
)
def test_a_model_that_cannot_be_used_fails_the_job_with_a_reason_and_the_fix(
    error: ModelError, reason: str, message: str
) -> None:
    with pytest.raises(JobError) as caught, model_errors():
        raise error
    assert caught.value.reason == reason
    assert caught.value.message.startswith(message)
