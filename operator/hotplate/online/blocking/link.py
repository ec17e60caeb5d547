"""One blocking connection to one server, of the writer and of the blocking reader."""

from __future__ import annotations

import logging
import socket
import struct
from time import monotonic
from typing import Any

import hiredis

from hotplate.online.connection.config import Connection
from hotplate.online.connection.credentials import Login
from hotplate.online.connection.resp import command
from hotplate.online.connection.routing import Address
from hotplate.online.errors import (
    OnlineReadError,
    OnlineStoreRefused,
    OnlineStoreTimeout,
    OnlineStoreUnavailable,
    refusal,
)

logger = logging.getLogger(__name__)

RECEIVE_BYTES = 1 << 17

CHECK_SECONDS = 5.0
"""The interval between two checks whether a connection's login must be renewed."""

_INCOMPLETE = object()
_TIMEVAL = struct.Struct("ll")
_AT_ONCE = 1e-6
"""The timeout of a deadline that has passed: 0 would make a socket non-blocking."""


class BlockingLink:
    """Sends commands and receives their replies in order; any error closes it for good.

    Deadlines are in `time.monotonic`. Raises `OnlineStoreTimeout` and `OnlineStoreUnavailable`.
    """

    def __init__(
        self, connection: Connection, address: Address, login: Login | None, until: float
    ) -> None:
        self.address = f"{address[0]}:{address[1]}"
        self._connection = connection
        self._login, self._since = login, monotonic()
        self._check_at = self._since + CHECK_SECONDS
        self._parser = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._received: list[Any] = []
        self._waits_milliseconds = 0
        self._is_tls = connection.tls
        self._socket = self._connected(connection, address, until)
        self._handshake(until)

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
        """Set the timeout of the next call on the socket, rounded up to a millisecond.

        The kernel times a blocking socket: a read takes two system calls instead of the six that
        `settimeout` costs. TLS needs `settimeout`: it would retry a timed-out call for ever.
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
        """Close the link, whose replies can no longer be matched, and return the error."""
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

    def renew(self, until: float) -> None:
        """Log in again when the credentials require it; nothing else may be in flight.

        After a failed attempt the previous login stays valid.
        """
        credentials, now = self._connection.credentials, monotonic()
        if credentials is None or self._login is None or now < self._check_at:
            return
        self._check_at = now + CHECK_SECONDS
        try:
            renewed = credentials.renewal(self._login, now - self._since)
        except OnlineReadError as error:
            logger.warning("the login is not renewed: %s", error)
            return
        if renewed is None:
            return
        self.send(command(*renewed.command), until)
        (reply,) = self.receive(1, until)
        if isinstance(reply, hiredis.ReplyError):
            credentials.invalidate()
            logger.warning("the login is not renewed: %s", refusal(self.address, reply))
            return
        self._login, self._since = renewed, now

    def _handshake(self, until: float) -> None:
        commands = self._connection.handshake(self._login)
        self.send(b"".join(command(*parts) for parts in commands), until)
        for reply in self.receive(len(commands), until):
            if isinstance(reply, hiredis.ReplyError):
                self.close()
                raise refusal(self.address, reply)


def open_blocking_link(connection: Connection, address: Address, until: float) -> BlockingLink:
    """Connect, log in and PING; a refused login is retried once with new credentials."""
    login = connection.login()
    try:
        return BlockingLink(connection, address, login, until)
    except OnlineStoreRefused:
        fresh = connection.relogin(login)
        if fresh is None:
            raise
        return BlockingLink(connection, address, fresh, until)
