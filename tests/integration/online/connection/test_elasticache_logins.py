"""Users and passwords of a cache: every reader and writer logs in, and follows a rotation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hotplate.online import OnlineReader, OnlineReadError, OnlineStoreUnavailable
from hotplate.online.aio import connect as opening_module
from hotplate.online.blocking import link as blocking_module
from hotplate.online.blocking.reader import SyncOnlineReader
from hotplate.online.connection.credentials import PasswordFile
from hotplate.online.feast.acl import acl_rules, reading_acl_rules
from hotplate.online.feast.connection_string import quoted
from hotplate.online.write.writer import write
from hotplate.serving.features import reason_for
from support.feast.feast_online import NOW, arrow, feast_store
from support.online.load import until
from support.online.rows import PLAN, SERVICE, expected, people, table, view
from support.valkey.cache import (
    IDENTITY,
    PASSWORD,
    PEOPLE,
    Cache,
    fill,
    reads,
    reads_again,
)
from support.valkey.elasticache import admin, set_user


async def test_a_user_with_the_documented_access_string_reads_and_writes_over_tls(
    cache: Cache, password_file: Path
) -> None:
    assert await reads(cache.worker())
    assert await reads(cache.connection(credentials=PasswordFile(password_file, "worker")))


async def test_a_user_for_scoring_alone_reads_and_cannot_write(cache: Cache) -> None:
    set_user(cache.servers, "scorer", reading_acl_rules(PLAN.project), "scorer-password")
    fill(cache.worker())
    connection = cache.connection(username="scorer", password="scorer-password")
    reader = OnlineReader(PLAN, SERVICE, replace(connection, prefer_replica=True))
    (row,) = await reader.read(people(1), 5)
    assert row.values == expected(0)
    await reader.close()
    with pytest.raises(OnlineStoreUnavailable, match="NOPERM"):
        write(connection, view("people"), PLAN.project, table("people", 1))


@pytest.mark.usefixtures("aws_identity")
@pytest.mark.parametrize("way", ["password", "password file", "iam"])
def test_feast_s_own_calls_work_with_every_login(
    cache: Cache, tmp_path: Path, password_file: Path, way: str
) -> None:
    ways: dict[str, dict[str, Any]] = {
        "password": {},
        "password file": {
            "credentials": {"password_file": str(password_file), "username": "worker"}
        },
        "iam": {"credentials": {"iam": IDENTITY.model_dump()}},
    }
    string = f"127.0.0.1:{cache.ends[0].port},ssl=true,ssl_ca_certs={cache.authority}"
    if way == "password":
        string += f",username=worker,password={quoted(PASSWORD)}"
    online = {
        "type": "hotplate.online.HotplateOnlineStore",
        "redis_type": "redis_cluster",
        "connection_string": string,
    }
    store = feast_store(tmp_path, cache.ends[0].port, **online, **ways[way])
    places = store.get_feature_view("places")
    numbers = range(1000, 1009)
    rows = [{"zipcode": n, "city": "x", "population": n, "event_timestamp": NOW} for n in numbers]
    store.write_to_online_store("places", arrow(places, rows).to_pandas())
    wanted = [{"zipcode": n} for n in numbers]
    assert store.get_online_features(["places:population"], wanted).to_dict()["population"] == list(
        numbers
    )
    store.apply([], objects_to_delete=[places], partial=False)
    assert not [key for server in cache.servers[:2] for key in admin(server).keys("*zipcode*")]


async def test_a_rotated_password_reaches_live_and_new_connections_without_a_restart(
    cache: Cache, password_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening_module, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(blocking_module, "CHECK_SECONDS", 0.05)
    set_user(cache.servers, "rotated", acl_rules(PLAN.project), PASSWORD)
    fill(cache.worker())
    connection = cache.connection(credentials=PasswordFile(password_file, "rotated"))
    reader, sync = (
        OnlineReader(PLAN, SERVICE, connection),
        SyncOnlineReader(PLAN, SERVICE, connection),
    )
    await reader.read(people(PEOPLE), 5)
    sync.read(people(PEOPLE), 5)
    logins = cache.commands(b"AUTH")

    for server in cache.servers:
        admin(server).execute_command("ACL", "SETUSER", "rotated", ">of-tomorrow")
    await asyncio.to_thread(password_file.write_text, "of-tomorrow")
    await until(lambda: _at_least(logins + 2, cache))
    await asyncio.sleep(0.1)
    sync.read(people(1), 5)
    assert cache.commands(b"AUTH") > logins + 2
    for server in cache.servers:
        client = admin(server)
        client.execute_command("ACL", "SETUSER", "rotated", f"<{PASSWORD}")
        client.execute_command("CLIENT", "KILL", "USER", "rotated")
    assert await reads_again(reader)
    with pytest.raises(OnlineStoreUnavailable, match="closed by the server"):
        sync.read(people(PEOPLE), 5)
    assert sync.read(people(1), 5)[0].values == expected(0)
    await reader.close()
    sync.close()


async def test_a_refused_login_is_told_and_not_tried_in_a_storm(
    cache: Cache, tmp_path: Path
) -> None:
    fill(cache.worker())
    path = tmp_path / "wrong"
    path.write_text("not,it=")
    connection = cache.connection(credentials=PasswordFile(path, "worker"))
    reader = OnlineReader(PLAN, SERVICE, connection)
    logins = cache.commands(b"AUTH")
    for _ in range(200):
        with pytest.raises(OnlineReadError) as refused:
            await reader.read(people(1), 0.5)
        await asyncio.sleep(0.005)
    assert "WRONGPASS" in str(refused.value)
    assert "not,it=" not in reason_for(refused.value).model_dump_json()
    assert cache.commands(b"AUTH") - logins < 10
    path.write_text(PASSWORD)
    assert await reads_again(reader)
    await reader.close()


async def _at_least(logins: int, cache: Cache) -> bool:
    return cache.commands(b"AUTH") >= logins
