"""An artifact store: bytes written once under their own hash, and checked when read.

Artifacts are files on any file system that fsspec knows (s3://, file://), or strings of the
embedded Valkey (redis://).
"""

from __future__ import annotations

import hashlib
from typing import Any, Protocol, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from hotplate.model.errors import ArtifactCorruptError, ArtifactMissingError

_PREFIX = "hotplate:artifact:"


class Artifacts(Protocol):
    """Bytes by their hash, `sha256:` and 64 hex digits."""

    def get(self, digest: str) -> bytes:
        """Return the bytes of that hash; raise `ArtifactError`."""


class ArtifactStore(Artifacts, Protocol):
    """Artifacts that can be added to."""

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their hash."""


def artifact_store(url: str) -> ArtifactStore:
    """Return the store at an fsspec URL, or in the Valkey at a redis:// URL."""
    if url.startswith(("redis://", "rediss://")):
        return EmbeddedArtifactStore(url)
    return FileArtifactStore(url)


def make_folder(files: Any, folder: str) -> None:
    """Make a folder on a local file system; object stores have no folders to make."""
    if isinstance(files, LocalFileSystem):
        files.makedirs(folder, exist_ok=True)


def digest_of(data: bytes) -> str:
    """Return `sha256:` and the hex digest of the bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


class FileArtifactStore:
    """Artifacts as files named by their digest under an fsspec URL."""

    def __init__(self, url: str) -> None:
        self._files, self._folder = fsspec.core.url_to_fs(url)
        self._url = url

    def put(self, data: bytes) -> str:
        """Keep the bytes, whole or not at all, and return their hash."""
        digest = digest_of(data)
        path = self._path(digest)
        if not self._files.exists(path):
            make_folder(self._files, self._folder)
            with self._files.transaction, self._files.open(path, "wb") as file:
                file.write(data)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes of that hash; raise `ArtifactError`."""
        try:
            data = cast(bytes, self._files.cat_file(self._path(digest)))
        except FileNotFoundError as error:
            raise ArtifactMissingError(f"no artifact {digest} in {self._url}") from error
        return _checked(data, digest, self._url)

    def _path(self, digest: str) -> str:
        return f"{self._folder}/{digest.replace(':', '-')}"


class EmbeddedArtifactStore:
    """Artifacts as strings of a Valkey; for development, since they take its memory."""

    def __init__(self, url: str) -> None:
        from redis import Redis  # noqa: PLC0415 - takes 0.2 s, and only the embedded Valkey needs it

        self._client = Redis.from_url(url)
        self._url = url

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their hash."""
        digest = digest_of(data)
        self._client.set(_PREFIX + digest, data)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes of that hash; raise `ArtifactError`."""
        data = cast("bytes | None", self._client.get(_PREFIX + digest))
        if data is None:
            raise ArtifactMissingError(f"no artifact {digest} in {self._url}")
        return _checked(data, digest, self._url)


def _checked(data: bytes, digest: str, url: str) -> bytes:
    if digest_of(data) != digest:
        raise ArtifactCorruptError(
            f"artifact {digest} in {url} is corrupt: its bytes have hash {digest_of(data)}"
        )
    return data
