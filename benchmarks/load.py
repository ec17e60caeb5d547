"""Requests to a scoring service: one after the other, or at Poisson times whatever it answers."""

from __future__ import annotations

import json
import os
import random
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.harness import CORE
from support.scoring.bento import APPLICATION


class Client:
    """One keep-alive connection that sends the same request again and again."""

    def __init__(self, port: int) -> None:
        body = json.dumps(APPLICATION).encode()
        self.request = (
            b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __call__(self, _: int = 0) -> bytes:
        """Send one request and return the answer's body."""
        self.send()
        return self.receive()

    def send(self) -> None:
        """Send one request."""
        self.socket.sendall(self.request)

    def receive(self) -> bytes:
        """Return the answer's body; anything but 200 ends the benchmark."""
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        while len(data) < end + 4 + size:
            data += self._more()
        if b" 200 " not in head[:20]:
            sys.exit(f"the service answered {data!r}")
        return data[end + 4 :]

    def _more(self) -> bytes:
        data = self.socket.recv(65_536)
        if not data:
            raise ConnectionResetError("the service closed the connection")
        return data


@contextmanager
def on_the_other_core(*processes: int) -> Iterator[None]:
    """Move this process and those to the core that `pin` left free, and back."""
    movable = (0, *processes)
    for process in movable:
        os.sched_setaffinity(process, set(range(os.cpu_count() or 1)) - {CORE} or {CORE})
    try:
        yield
    finally:
        for process in movable:
            os.sched_setaffinity(process, {CORE})


def open_loop(port: int, rate: float, seconds: float, connections: int = 64) -> list[float]:
    """Send at Poisson times; return the microseconds from when each request was due.

    So waiting for a free connection counts too. Connections take turns: none is closed as idle.
    `select` sleeps to the microsecond, `epoll` to the millisecond only.
    """
    chance, due, latencies = random.Random(1), 0.0, []
    clients = [Client(port) for _ in range(connections)]
    idle = deque(range(connections))
    selector = selectors.SelectSelector()
    for number, client in enumerate(clients):
        selector.register(client.socket, selectors.EVENT_READ, number)
    sent: dict[int, float] = {}
    started = time.perf_counter()
    while due < seconds or sent:
        now = time.perf_counter() - started
        while due <= now and due < seconds and idle:
            number = idle.popleft()
            clients[number].send()
            sent[number] = due
            due += chance.expovariate(rate)
        wait = max(due - now, 0.0) if idle and due < seconds else 1.0
        for key, _ in selector.select(wait):
            clients[key.data].receive()
            latencies.append((time.perf_counter() - started - sent.pop(key.data)) * 1e6)
            idle.append(key.data)
    return latencies
