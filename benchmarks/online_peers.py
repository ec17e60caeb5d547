"""Other ways to the same features: Feast's server over HTTP, the GLIDE client, packed blobs."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import glide
import glide_sync
import hiredis
import redis
import yaml
from feast import FeatureStore

from benchmarks import online_world as world
from cluster.processes import free_port
from hotplate.online import Connection
from hotplate.online.connection.resp import command
from hotplate.online.decode.service_reader import ServiceReader

START_SECONDS = 120
SETTINGS = ("--no-access-log", "--registry_ttl_sec", "3600", "--max-requests", "0")
"""Feast's server at its fastest; by default it restarts its worker after 1,000 requests."""


def hmgets(keys: Callable[[int], dict[str, Any]]) -> Callable[[int], list[tuple[bytes, Any]]]:
    """Return what the plain clients ask for: the key and the fields of each view."""
    reading = ServiceReader(world.read_plan(), world.SERVICE)
    fields = [
        [*(bytes.fromhex(f.field_hex) for f in view.features), f"_ts:{view.name}".encode()]
        for view in world.view_plans()
    ]
    return lambda n: list(zip(reading.keys([keys(n)]), fields, strict=True))


def pipeline(connection: Connection, asked: Callable[[int], Any]) -> Callable[[int], Any]:
    """Return the HMGETs by redis-py, without making values of the bytes."""
    client = redis.Redis(host=connection.host, port=connection.port)

    def call(n: int) -> Any:
        pipe = client.pipeline(transaction=False)
        for key, names in asked(n):
            pipe.hmget(key, names)
        return pipe.execute()

    return call


def pipeline_async(client: Any, asked: Callable[[int], Any]) -> Callable[[int], Awaitable[Any]]:
    """Return the HMGETs by redis.asyncio, without making values of the bytes."""

    async def call(n: int) -> Any:
        pipe = client.pipeline(transaction=False)
        for key, names in asked(n):
            pipe.hmget(key, names)
        return await pipe.execute()

    return call


def by_glide(connection: Connection, asked: Callable[[int], Any]) -> Callable[[int], Any]:
    """Return the HMGETs by Valkey GLIDE, without making values of the bytes."""
    addresses = [glide_sync.NodeAddress(connection.host, connection.port)]
    client = glide_sync.GlideClient.create(glide_sync.GlideClientConfiguration(addresses))

    def call(n: int) -> Any:
        batch = glide_sync.Batch(is_atomic=False)
        for key, names in asked(n):
            batch.hmget(key, names)
        return client.exec(batch, raise_on_error=True)

    return call


async def by_glide_async(
    connection: Connection, asked: Callable[[int], Any]
) -> tuple[Any, Callable[[int], Awaitable[Any]]]:
    """Return the client and the HMGETs by it, without making values of the bytes."""
    addresses = [glide.NodeAddress(connection.host, connection.port)]
    client = await glide.GlideClient.create(glide.GlideClientConfiguration(addresses))

    async def call(n: int) -> Any:
        batch = glide.Batch(is_atomic=False)
        for key, names in asked(n):
            batch.hmget(key, names)
        return await client.exec(batch, raise_on_error=True)

    return client, call


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


@contextmanager
def feast_server(
    store: FeatureStore, keys: Callable[[int], dict[str, Any]]
) -> Iterator[Callable[[int], Any]]:
    """Yield a read over HTTP, on one kept connection, from a `feast serve` of the store."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "feature_store.yaml").write_text(yaml.safe_dump(_settings(store)))
        port = free_port()
        command_line = [str(Path(sys.executable).parent / "feast"), "-c", folder, "serve"]
        server = subprocess.Popen(
            [*command_line, "--port", str(port), *SETTINGS],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_for(port)
            yield _over_http(http.client.HTTPConnection("127.0.0.1", port, timeout=10), keys)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()


def _settings(store: FeatureStore) -> dict[str, Any]:
    """Return what a feature_store.yaml says of the store."""
    config = store.config
    return {
        "project": config.project,
        "provider": "local",
        "registry": {"path": str(config.registry.path)},
        "entity_key_serialization_version": 3,
        "offline_store": {"type": "file"},
        "online_store": {
            "type": "redis",
            "connection_string": config.online_store.connection_string,
        },
    }


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _over_http(
    connection: http.client.HTTPConnection, keys: Callable[[int], dict[str, Any]]
) -> Callable[[int], Any]:
    def call(n: int) -> Any:
        entities = {name: [value] for name, value in keys(n).items()}
        body = json.dumps({"feature_service": world.SERVICE, "entities": entities})
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/get-online-features", body, headers)
        answer = connection.getresponse()
        read = json.loads(answer.read())
        if answer.status != 200:
            sys.exit(f"feast serve answered {answer.status}: {read}")
        return read

    return call
