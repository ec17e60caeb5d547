"""The artifact store of Jobs: AWS errors become a `JobError` that names the place."""

from __future__ import annotations

from hotplate.jobs.aws.errors import aws_errors_at
from hotplate.model.artifact_store import ArtifactStore, artifact_store


def job_artifacts(url: str) -> ArtifactStore:
    """Return the artifact store at the URL."""
    return _JobArtifacts(url)


class _JobArtifacts:
    def __init__(self, url: str) -> None:
        self._store, self._url = artifact_store(url), url

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their hash; raise `JobError`."""
        with aws_errors_at(self._url):
            return self._store.put(data)

    def get(self, digest: str) -> bytes:
        """Return the bytes of that hash; raise `ArtifactError` or `JobError`."""
        with aws_errors_at(self._url):
            return self._store.get(digest)
