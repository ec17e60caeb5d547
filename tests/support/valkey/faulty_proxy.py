"""A TCP proxy that misbehaves on demand, between a reader and its server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """Passes bytes on; `change` is applied to what the server sends, None to cut the connection.

    While `half_open`, a connection that the server closes stays open for the client, and silent.
    """

    port: int = 0
    change: Callable[[bytes], bytes | None] = bytes
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    half_open: bool = False
    connections: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def reset(self) -> None:
        """Cut all connections with a reset."""
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()


@asynccontextmanager
async def faulty_proxy(target: int) -> AsyncIterator[Proxy]:
    """Yield a proxy to the port on 127.0.0.1."""
    proxy = Proxy()
    proxy.flowing.set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.connections += 1
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.transport.abort()
            return
        proxy.writers += [writer, up_writer]
        await asyncio.gather(_pump(proxy, reader, up_writer), _replies(proxy, up_reader, writer))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.flowing.set()
        proxy.reset()


async def _pump(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            if not (proxy.half_open and writer.is_closing()):
                writer.write(data)
    except OSError:
        pass
    writer.transport.abort()


async def _replies(
    proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        while data := await reader.read(65_536):
            await proxy.flowing.wait()
            changed = proxy.change(data)
            if changed is None:
                break
            writer.write(changed)
    except OSError:
        pass
    if not proxy.half_open:
        writer.transport.abort()
