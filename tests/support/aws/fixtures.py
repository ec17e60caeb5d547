"""AWS as pytest fixtures: one account for all tests, emptied for each."""

from collections.abc import Iterator

import pytest
from s3fs import S3FileSystem

from support.aws.cloud import BUCKET, Cloud


@pytest.fixture(scope="session")
def account() -> Iterator[Cloud]:
    """The account, which tests use as `cloud`."""
    account = Cloud()
    yield account
    account.close()


@pytest.fixture
def cloud(account: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The account with an empty bucket; the environment leads every AWS client to it.

    fsspec keeps clients, and with them the credentials of an earlier test.
    """
    S3FileSystem.clear_instance_cache()
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    yield account
    for key in account.objects():
        account.client("s3").delete_object(Bucket=BUCKET, Key=key)
