"""What a read costs the server: commands for each second that its one thread works.

Fifty connections ask one thing at a time, as scoring pods do. The client's speed does not count.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import cycle, islice
from typing import Any

import hiredis
import redis

CONNECTIONS = 50

Command = tuple[bytes, ...]


def reads_per_core(client: redis.Redis, commands: Sequence[Command], rounds: int) -> float:
    """Return how many of the commands a server's thread answers in a second of its own time."""
    pool = client.connection_pool.connection_kwargs
    asked = cycle([hiredis.pack_command(command) for command in commands])
    with ExitStack() as opened:
        lines = [
            opened.enter_context(socket.create_connection((pool["host"], pool["port"])))
            for _ in range(CONNECTIONS)
        ]
        before = _worked(client)
        for _ in range(rounds):
            for line, command in zip(lines, islice(asked, CONNECTIONS), strict=True):
                line.sendall(command)
            for line in lines:
                _answer(line)
        return rounds * CONNECTIONS / (_worked(client) - before)


def _answer(line: socket.socket) -> Any:
    reader = hiredis.Reader()
    while (reply := reader.gets()) is False:
        reader.feed(line.recv(65_536))
    return reply


def _worked(client: redis.Redis) -> float:
    """Return the seconds that the thread of the commands has worked."""
    cpu: Any = client.info("cpu")
    return float(cpu["used_cpu_user_main_thread"] + cpu["used_cpu_sys_main_thread"])
