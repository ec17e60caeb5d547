"""One decision's features: two keys, 15 features, one server, everything on one core."""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import redis.asyncio
import uvloop
from feast import FeatureStore

from benchmarks import online_world as world
from benchmarks.harness import RUNS, Figure, Report, interleaved, interleaved_async, pin
from benchmarks.online_peers import (
    by_glide,
    by_glide_async,
    feast_server,
    hmgets,
    packed,
    pipeline,
    pipeline_async,
)
from hotplate.online import Connection, OnlineReader
from hotplate.online.blocking.reader import SyncOnlineReader
from support.valkey.server import valkey_server

PERSONS = 50_000
MANY = 100
COROUTINES = 16
SECONDS = 2.0
WARM_UP_ROWS = 20_000

Call = Callable[[int], Any]
AsyncCall = Callable[[int], Awaitable[Any]]


def keys(n: int) -> dict[str, Any]:
    return world.keys(n, PERSONS)


def measure(calls: int = 2_000, seconds: float = SECONDS) -> Report:
    """Return the figures of sync and async reads.

    A process that serves for hours has met most values that repeat, so reads of many other rows
    come first; what is read then is new in every call.
    """
    pin()
    report = Report()
    with valkey_server() as server:
        connection = Connection("127.0.0.1", server.port)
        world.fill(connection, PERSONS)
        address = f"127.0.0.1:{server.port}"
        with world.feast_store(connection_string=address) as store:
            _sync(report, connection, store, calls)
            for loop in (asyncio.new_event_loop, uvloop.new_event_loop):
                with asyncio.Runner(loop_factory=loop) as runner:
                    runner.run(
                        _Async(report, connection, store, loop.__module__).measure(calls, seconds)
                    )
    return report


def _sync(report: Report, connection: Connection, store: FeatureStore, calls: int) -> None:
    reader = SyncOnlineReader(world.read_plan(), world.SERVICE, connection)
    for start in range(0, WARM_UP_ROWS, MANY):
        reader.read(many(start), 5)
    service = store.get_feature_service(world.SERVICE)
    asked = hmgets(keys)
    contenders: dict[str, Call] = {
        "floor: MGET of two packed blobs": packed(connection),
        "Hotplate": lambda n: reader.read([keys(n)], 1),
        "redis-py pipeline, raw bytes": pipeline(connection, asked),
        "Feast SDK": lambda n: store.get_online_features(service, [keys(n)]).to_dict(),
    }
    check(contenders["Hotplate"](5), contenders["Feast SDK"](5))
    found = interleaved(contenders, calls)
    report.add("sync read", found)
    report.samples |= {name: found.all(name) for name in contenders}
    ratio = found.ratio("Hotplate", "redis-py pipeline, raw bytes", 50)
    report.figures += [
        Figure("sync read p50 / redis-py 2-HMGET pipeline", ratio, 0.7, 0.4),
        Figure("read p50 / Feast SDK", found.ratio("Hotplate", "Feast SDK", 50), 1 / 8, 1 / 14),
        Figure("read p99 / Feast SDK p99", found.ratio("Hotplate", "Feast SDK", 99), 1 / 4, 1 / 10),
    ]
    _many_rows(report, reader, store, calls)
    hotplate = contenders["Hotplate"]
    _beside(report, hotplate, {"Valkey GLIDE batch, raw bytes": by_glide(connection, asked)}, calls)
    with feast_server(store, keys) as over_http:
        _beside(report, hotplate, {"feast serve, HTTP": over_http}, calls)


def _beside(report: Report, hotplate: Call, peer: dict[str, Call], calls: int) -> None:
    """Measure beside a peer whose threads or server would take time from the others' turns."""
    found = interleaved({"Hotplate": hotplate, **peer}, calls)
    (name,) = peer
    report.add(f"beside {name.partition(',')[0]}", found)
    report.samples[name] = found.all(name)


def _many_rows(report: Report, reader: SyncOnlineReader, store: FeatureStore, calls: int) -> None:
    service = store.get_feature_service(world.SERVICE)
    rows = [many(start) for start in range(0, PERSONS, MANY)]
    contenders: dict[str, Call] = {
        "Hotplate": lambda n: reader.read(rows[n % len(rows)], 5),
        "Feast SDK": lambda n: store.get_online_features(service, rows[n % len(rows)]).to_dict(),
    }
    found = interleaved(contenders, calls)
    report.add("100 rows in one call", found)
    ratio = found.ratio("Hotplate", "Feast SDK", 50)
    report.figures.append(Figure("100 rows in one call / Feast", ratio, 1 / 10, 1 / 25))


class _Async:
    """The readers on one kind of event loop; figures are those of uvloop, as bentos use it."""

    def __init__(
        self, report: Report, connection: Connection, store: FeatureStore, loop: str
    ) -> None:
        self.report, self.connection, self.store = report, connection, store
        self.loop = loop.partition(".")[0]

    async def measure(self, calls: int, seconds: float) -> None:
        address = {"host": self.connection.host, "port": self.connection.port}
        reader = OnlineReader(world.read_plan(), world.SERVICE, self.connection)
        asked = hmgets(keys)
        for start in range(0, WARM_UP_ROWS, MANY):
            await reader.read(many(start), 5)
        async with redis.asyncio.Redis(**address) as client:
            await self._compare(
                {
                    "Hotplate": lambda n: reader.read([keys(n)], 1),
                    "redis.asyncio pipeline, raw bytes": pipeline_async(client, asked),
                    "Feast SDK async": self._feast(),
                },
                calls,
                seconds,
            )
        glide_client, glide_call = await by_glide_async(self.connection, asked)
        rates = await alternating_rates({"Valkey GLIDE batch, raw bytes": glide_call}, seconds)
        self._add_rates(rates)
        await glide_client.close()
        await reader.close()
        await self.store._get_provider().online_store._client_async.aclose()  # noqa: SLF001
        self.store._get_provider().online_store._client_async = None  # noqa: SLF001

    def _feast(self) -> AsyncCall:
        service = self.store.get_feature_service(world.SERVICE)

        async def call(n: int) -> Any:
            return (await self.store.get_online_features_async(service, [keys(n)])).to_dict()

        return call

    async def _compare(self, contenders: dict[str, AsyncCall], calls: int, seconds: float) -> None:
        found = await interleaved_async(contenders, calls)
        self.report.add(f"async read, {self.loop}", found)
        rates = await alternating_rates(contenders, seconds)
        self._add_rates(rates)
        if self.loop != "uvloop":
            return
        self.report.samples["Hotplate, async"] = found.all("Hotplate")
        ratio = found.ratio("Hotplate", "redis.asyncio pipeline, raw bytes", 50)
        self.report.figures += [
            Figure("async read p50 / redis.asyncio pipeline", ratio, 0.6, 0.33),
            Figure(
                "reads/s, 16 coroutines / Feast async",
                rates["Hotplate"] / rates["Feast SDK async"],
                10,
                16,
                at_least=True,
            ),
        ]

    def _add_rates(self, rates: dict[str, float]) -> None:
        for name, reads in rates.items():
            row = {"benchmark": f"{COROUTINES} coroutines, {self.loop}", "contender": name}
            self.report.rows.append(row | {"per_second": reads})


async def alternating_rates(contenders: dict[str, AsyncCall], seconds: float) -> dict[str, float]:
    """Return each contender's calls a second, the median of runs in turns."""
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(RUNS):
        for name, call in contenders.items():
            rates[name].append(await rate(call, seconds))
    return {name: statistics.median(found) for name, found in rates.items()}


async def rate(call: AsyncCall, seconds: float) -> float:
    """Return calls a second of coroutines that each ask again once answered."""
    started = perf_counter()
    done = 0

    async def one(n: int) -> None:
        nonlocal done
        while perf_counter() < started + seconds:
            await call(n)
            done += 1
            n += COROUTINES

    await asyncio.gather(*(one(n) for n in range(COROUTINES)))
    return done / (perf_counter() - started)


def many(start: int) -> list[dict[str, Any]]:
    return [keys(start + at) for at in range(MANY)]


def check(rows: list[Any], by_feast: dict[str, list[Any]]) -> None:
    """Refuse to measure readers that do not agree."""
    (row,) = rows
    expected = {name: by_feast[name][0] for name in row.values}
    if row.values != expected:
        sys.exit(f"the readers do not agree: {row.values} and {expected}")
