"""One decision's features on a cluster of three shards, all on one core."""

from __future__ import annotations

from typing import Any

from benchmarks import online_world as world
from benchmarks.harness import Figure, Report, interleaved, pin
from benchmarks.online_reads import MANY, PERSONS, WARM_UP_ROWS, check, keys, many
from hotplate.online import Connection
from hotplate.online.blocking.reader import SyncOnlineReader
from support.valkey.cluster import valkey_cluster


def measure(calls: int = 2_000) -> Report:
    """Return the figure of a read whose keys lie on any of three shards."""
    pin()
    report = Report()
    with valkey_cluster(shards=3) as servers:
        connection = Connection("127.0.0.1", servers[0].port, cluster=True)
        world.fill(connection, PERSONS)
        address = f"127.0.0.1:{servers[0].port}"
        reader = SyncOnlineReader(world.read_plan(), world.SERVICE, connection)
        with world.feast_store(connection_string=address, redis_type="redis_cluster") as store:
            service = store.get_feature_service(world.SERVICE)

            def feast(n: int) -> Any:
                return store.get_online_features(service, [keys(n)]).to_dict()

            for start in range(0, WARM_UP_ROWS, MANY):
                reader.read(many(start), 5)
            contenders = {"Hotplate": lambda n: reader.read([keys(n)], 1), "Feast SDK": feast}
            check(contenders["Hotplate"](5), contenders["Feast SDK"](5))
            found = interleaved(contenders, calls)
    report.add("cluster read, 3 shards", found)
    ratio = found.ratio("Hotplate", "Feast SDK", 50)
    report.figures.append(Figure("cluster (3 shards) read p50 / Feast", ratio, 1 / 5, 1 / 10))
    return report
