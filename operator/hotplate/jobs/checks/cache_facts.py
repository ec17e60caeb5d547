"""The facts of a cache, found step by step: network, TLS, login, commands, engine."""

from __future__ import annotations

import socket
import ssl
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import hiredis

from hotplate.online.blocking.link import BlockingLink, open_blocking_link
from hotplate.online.blocking.store import BlockingStore
from hotplate.online.connection.config import Connection
from hotplate.online.connection.resp import command
from hotplate.online.connection.routing import ASKING, CLUSTER_SLOTS, Address
from hotplate.online.errors import OnlineReadError, OnlineStoreRefused
from hotplate.online.feast.acl import RESERVED_PREFIX
from hotplate.online.write.upsert_script import UPSERT, UPSERT_SHA

SECONDS = 5.0
"""The time for each step."""


@dataclass(frozen=True)
class CacheFacts:
    """What was found. A step that failed has an error, and ends the steps."""

    unreachable: str | None = None
    tls_error: str | None = None
    speaks_tls: bool | None = None
    certificate_ends: datetime | None = None
    login_error: str | None = None
    is_refused: bool = False
    clock_skew: float | None = None
    """Seconds that this machine's clock is ahead of AWS's, asked when an IAM token is refused."""
    is_cluster: bool | None = None
    info: dict[str, str] = field(default_factory=dict)
    memory: tuple[tuple[int, int], ...] = ()
    """Bytes used and at most, of each primary that tells them."""
    denied: tuple[str, ...] = ()


def cache_facts(connection: Connection, project: str) -> CacheFacts:
    """Return the facts, as many as the cache reveals."""
    try:
        with closing(socket.create_connection((connection.host, connection.port), SECONDS)):
            pass
    except OSError as error:
        return CacheFacts(unreachable=_text(error))
    certificate_ends = None
    if connection.tls:
        try:
            certificate_ends = _certificate_ends(connection)
        except OSError as error:
            return CacheFacts(tls_error=_text(error), speaks_tls=_speaks_tls(connection))
    try:
        link = _opened(connection, (connection.host, connection.port))
    except OnlineReadError as error:
        return CacheFacts(
            certificate_ends=certificate_ends,
            login_error=str(error),
            is_refused=isinstance(error, OnlineStoreRefused),
            speaks_tls=None if connection.tls else _speaks_tls(connection),
        )
    with closing(link):
        return _asked(link, connection, project, certificate_ends)


def _asked(
    link: BlockingLink, connection: Connection, project: str, certificate_ends: datetime | None
) -> CacheFacts:
    slots = _reply(link, CLUSTER_SLOTS)
    is_cluster = None
    if isinstance(slots, list):
        is_cluster = True
    elif "cluster support disabled" in str(slots):
        is_cluster = False
    info = _info(link)
    matches = is_cluster is None or is_cluster == connection.cluster
    return CacheFacts(
        speaks_tls=connection.tls,
        certificate_ends=certificate_ends,
        is_cluster=is_cluster,
        info=info,
        memory=tuple(_memory(connection, slots, info)),
        denied=tuple(_denied(connection, project)) if matches else (),
    )


def _certificate_ends(connection: Connection) -> datetime | None:
    context = connection.ssl_context() or ssl.create_default_context()
    address = (connection.host, connection.port)
    with (
        socket.create_connection(address, SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=connection.host) as secured,
    ):
        ends = (secured.getpeercert() or {}).get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(ends)), UTC) if ends else None


def _speaks_tls(connection: Connection) -> bool:
    """Whether the server speaks TLS, trusted or not; nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = (connection.host, connection.port)
    with suppress(OSError), socket.create_connection(address, SECONDS) as plain:
        plain.settimeout(SECONDS / 4)
        with context.wrap_socket(plain, server_hostname=connection.host):
            return True
    return False


def _opened(connection: Connection, address: Address) -> BlockingLink:
    return open_blocking_link(connection, address, monotonic() + SECONDS)


def _reply(link: BlockingLink, data: bytes) -> Any:
    until = monotonic() + SECONDS
    link.send(data, until)
    return link.receive(1, until)[0]


def _info(link: BlockingLink) -> dict[str, str]:
    """Return the fields of INFO; none if the user may not call it."""
    reply = _reply(link, command("INFO"))
    if not isinstance(reply, bytes):
        return {}
    lines = (line.partition(":") for line in reply.decode(errors="replace").splitlines())
    return {name: value for name, colon, value in lines if colon}


def _memory(connection: Connection, slots: Any, info: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Yield bytes used and at most of each primary."""
    if not connection.cluster or not isinstance(slots, list):
        infos = [info]
    else:
        heads = {(head[0].decode() or connection.host, head[1]) for _, _, head, *_ in slots}
        infos = [_info_at(connection, address) for address in sorted(heads)]
    for each in infos:
        if int(each.get("maxmemory", 0)):
            yield int(each.get("used_memory", 0)), int(each["maxmemory"])


def _info_at(connection: Connection, address: Address) -> dict[str, str]:
    with closing(_opened(connection, address)) as link:
        return _info(link)


def _denied(connection: Connection, project: str) -> Iterator[str]:
    """Run each command of the feature store once, on keys that nobody reads; yield those denied."""
    token = uuid.uuid4().hex
    row, note = f"hotplate-preflight-{token}{project}", f"{RESERVED_PREFIX}preflight:{token}"
    probes = list(_probes(row.encode(), note.encode()))
    until = monotonic() + SECONDS
    with BlockingStore(connection) as store:
        store.send([key for _, key, _ in probes], [data for _, _, data in probes], until)
        replies = store.collect(until)
    for (name, key, _), reply in zip(probes, replies, strict=True):
        if isinstance(reply, hiredis.ReplyError) and str(reply).startswith("NOPERM"):
            pattern = f"~{RESERVED_PREFIX}*" if key == note.encode() else f"~*{project}"
            yield f"access to keys {pattern}" if "key" in str(reply) else f"+{name}"


def _probes(row: bytes, note: bytes) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield ACL name, key and command of everything in `hotplate.online.feast.acl`, in order."""
    ask: Callable[..., bytes] = command
    yield "ping", row, ask("PING")
    yield "echo", row, ask("ECHO", "x")
    yield "select", row, ask("SELECT", "0")
    yield "cluster|slots", row, CLUSTER_SLOTS
    yield "readonly", row, ask("READONLY")
    yield "asking", row, ASKING
    yield "info", row, ask("INFO", "server")
    yield "command", row, ask("COMMAND", "COUNT")
    yield "script|load", row, ask("SCRIPT", "LOAD", UPSERT)
    yield "evalsha", row, ask("EVALSHA", UPSERT_SHA, "1", row, "1", "60", "f", "v")
    yield "hset", row, ask("HSET", row, "f", "v")
    yield "expire", row, ask("EXPIRE", row, "60")
    yield "hget", row, ask("HGET", row, "f")
    yield "hmget", row, ask("HMGET", row, "f")
    yield "hkeys", row, ask("HKEYS", row)
    yield "scan", row, ask("SCAN", "0", "COUNT", "1")
    yield "hdel", row, ask("HDEL", row, "f")
    yield "unlink", row, ask("UNLINK", row)
    yield "sadd", note, ask("SADD", note, "x")
    yield "smembers", note, ask("SMEMBERS", note)
    yield "srem", note, ask("SREM", note, "x")


def _text(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
