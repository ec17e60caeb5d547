"""Results of Jobs too long for a termination message: stored whole, returned in parts."""

from __future__ import annotations

from hotplate.jobs.aws.artifacts import job_artifacts
from hotplate.jobs.errors import JobError
from hotplate.jobs.workspace import Workspace
from hotplate.model.errors import ArtifactError
from hotplate.protocol.job_results import ResultPart, StoredResult
from hotplate.protocol.results import Result
from hotplate.protocol.stored_results import pack, part, stored


def store(workspace: Workspace, result: Result) -> StoredResult:
    """Put the result into the artifact store; return the reference to it."""
    data = pack(result)
    job_artifacts(workspace.artifact_url).put(data)
    return stored(data)


def run(workspace: Workspace, digest: str, number: int) -> ResultPart:
    """Return one part of the stored result."""
    try:
        data = job_artifacts(workspace.artifact_url).get(digest)
    except ArtifactError as error:
        raise JobError("ResultMissing", str(error)) from error
    return part(data, number)
