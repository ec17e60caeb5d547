"""`relay.py NAMESPACE LISTEN TARGET`: pass on TCP connections into a network namespace.

Listens on a port of 127.0.0.1 where it was started, connects to one of 127.0.0.1 in the namespace.
A socket stays in the network namespace that its thread was in when it was made.
"""

import asyncio
import contextlib
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000
CHUNK = 1 << 16


def main() -> None:
    """Listen here, then go to the namespace and pass on what comes."""
    namespace, listen, target = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    listener = socket.create_server(("127.0.0.1", listen))
    enter(namespace)
    asyncio.run(serve(listener, target))


def enter(namespace: str) -> None:
    """Move this thread to a network namespace (os.setns is new in Python 3.12)."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(namespace) as file:  # noqa: PTH123  (a namespace, not a file to read)
        if libc.setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), namespace)


async def serve(listener: socket.socket, target: int) -> None:
    """Pass on every connection until this process is ended."""

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there = await asyncio.open_connection("127.0.0.1", target)
            await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))
        writer.close()

    server = await asyncio.start_server(accepted, sock=listener)
    await server.serve_forever()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction of a connection to its end."""
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    finally:
        with contextlib.suppress(OSError):
            writer.write_eof()


if __name__ == "__main__":
    main()
