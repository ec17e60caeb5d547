"""One connection to one server for code that may block: the writer and the sync reader."""

from __future__ import annotations

import socket
import struct
from time import monotonic
from typing import Any

import hiredis

from hotplate.online.connection import Connection
from hotplate.online.errors import OnlineStoreTimeout, OnlineStoreUnavailable
from hotplate.online.resp import command
from hotplate.online.routing import Address

RECEIVE_BYTES = 1 << 17
_INCOMPLETE = object()
_TIMEVAL = struct.Struct("ll")
_AT_ONCE = 1e-6
"""Seconds of a deadline that has passed: a socket takes 0 for non-blocking."""


class BlockingLink:
    """Sends commands and receives their replies in order; any error closes it for good.

    Deadlines are in `time.monotonic`. Raises `OnlineStoreTimeout` and `OnlineStoreUnavailable`.
    """

    def __init__(self, connection: Connection, address: Address, until: float) -> None:
        self.address = f"{address[0]}:{address[1]}"
        self._parser = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._received: list[Any] = []
        self._waits_milliseconds = 0
        self._is_tls = connection.tls
        self._socket = self._connected(connection, address, until)
        self._log_in(connection, until)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def ask(self, data: bytes, until: float) -> Any:
        """Send one command and return its reply; an error reply is raised."""
        self.send(data, until)
        (reply,) = self.receive(1, until)
        if isinstance(reply, hiredis.ReplyError):
            self.close()
            raise OnlineStoreUnavailable(f"{self.address}: {reply}")
        return reply

    def send(self, data: bytes, until: float) -> None:
        """Send commands without waiting for their replies."""
        try:
            self._wait_until(until)
            self._socket.sendall(data)
        except OSError as error:
            raise self._broken(error) from error

    def receive(self, replies: int, until: float) -> list[Any]:
        """Return the next replies, error replies among them."""
        received = self._received
        try:
            while len(received) < replies:
                self._feed(until)
                received.extend(iter(self._parser.gets, _INCOMPLETE))
        except (OSError, hiredis.HiredisError) as error:
            raise self._broken(error) from error
        self._received = received[replies:]
        return received[:replies]

    def _feed(self, until: float) -> None:
        self._wait_until(until)
        data = self._socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionResetError("connection lost: closed by the server")
        self._parser.feed(data)

    def _wait_until(self, until: float) -> None:
        """Let the next call on the socket wait as long, rounded up to a millisecond.

        The kernel keeps the time of a socket that blocks: two system calls for a read instead of
        the six that `settimeout` makes of it. TLS would try again and again for ever.
        """
        left = max(until - monotonic(), 0.0)
        if self._is_tls:
            self._socket.settimeout(left or _AT_ONCE)
            return
        milliseconds = int(left * 1000) + 1
        if milliseconds != self._waits_milliseconds:
            self._waits_milliseconds = milliseconds
            waits = _TIMEVAL.pack(*divmod(milliseconds * 1000, 1_000_000))
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                self._socket.setsockopt(socket.SOL_SOCKET, option, waits)

    def _broken(self, error: Exception) -> Exception:
        """Close the link: its replies can no longer be told apart."""
        self.close()
        if isinstance(error, TimeoutError | BlockingIOError):
            return OnlineStoreTimeout(f"{self.address}: no answer before the deadline")
        return OnlineStoreUnavailable(f"{self.address}: {error}")

    def _connected(self, connection: Connection, address: Address, until: float) -> socket.socket:
        try:
            context = connection.ssl_context()
            plain = socket.create_connection(address, max(until - monotonic(), _AT_ONCE))
        except OSError as error:
            raise OnlineStoreUnavailable(f"{self.address}: {error}") from error
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context:
                return context.wrap_socket(plain, server_hostname=address[0])
            plain.settimeout(None)
        except OSError as error:
            plain.close()
            raise OnlineStoreUnavailable(f"{self.address}: {error}") from error
        return plain

    def _log_in(self, connection: Connection, until: float) -> None:
        commands = connection.login()
        self.send(b"".join(command(*parts) for parts in commands), until)
        for reply in self.receive(len(commands), until):
            if isinstance(reply, hiredis.ReplyError):
                self.close()
                raise OnlineStoreUnavailable(f"{self.address}: the server refuses: {reply}")
