"""A registry in S3 that two writers can share: S3 refuses to overwrite a changed object."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from hotplate.jobs.registry.guarded import GuardedRegistryStore
from hotplate.jobs.registry.store_types import S3_REGION

_NOT_WRITTEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
"""Codes of 412, 409 and 404: changed, being changed, or removed since it was read."""


class S3RegistryStore(GuardedRegistryStore):
    """A registry at s3://bucket/key, written If-Match the ETag that was read.

    A new registry is written If-None-Match any. The client is that of boto3's default session.
    """

    def __init__(self, registry_config: Any, repo_path: Any) -> None:  # noqa: ARG002  Feast's
        super().__init__()
        self._url = registry_config.path
        parts = urlsplit(self._url)
        self._object = {"Bucket": parts.netloc, "Key": parts.path.removeprefix("/")}
        region = (registry_config.s3_additional_kwargs or {}).get(S3_REGION)
        self._client = boto3.client("s3", region_name=region)
        self._etag: str | None = None

    def teardown(self) -> None:
        """Remove the registry."""
        self._client.delete_object(**self._object)

    def _read(self) -> bytes | None:
        self._etag = None
        try:
            answer = self._client.get_object(**self._object)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        self._etag = answer["ETag"]
        return cast("bytes", answer["Body"].read())

    def _write(self, data: bytes, version: str) -> bool:  # noqa: ARG002  the data holds it
        unchanged = {"IfMatch": self._etag} if self._etag else {"IfNoneMatch": "*"}
        try:
            answer = self._client.put_object(**self._object, Body=data, **unchanged)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_WRITTEN:
                return False
            raise
        self._etag = answer["ETag"]
        return True

    def _place(self) -> str:
        return str(self._url)
