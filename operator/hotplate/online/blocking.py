"""One connection to one server for code that may block: the writer and the sync reader."""

from __future__ import annotations

import socket
from time import monotonic
from typing import Any

import hiredis

from hotplate.online.connection import Connection
from hotplate.online.errors import OnlineStoreTimeout, OnlineStoreUnavailable
from hotplate.online.resp import command
from hotplate.online.routing import Address

RECEIVE_BYTES = 1 << 17
_INCOMPLETE = object()


class BlockingLink:
    """Sends commands and receives their replies in order; any error closes it for good.

    Deadlines are in `time.monotonic`. Raises `OnlineStoreTimeout` and `OnlineStoreUnavailable`.
    """

    def __init__(self, connection: Connection, address: Address, until: float) -> None:
        self.address = f"{address[0]}:{address[1]}"
        self._parser = hiredis.Reader(notEnoughData=_INCOMPLETE)
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
            self._socket.settimeout(_left(until))
            self._socket.sendall(data)
        except OSError as error:
            raise self._broken(error) from error

    def receive(self, replies: int, until: float) -> list[Any]:
        """Return the next replies, error replies among them."""
        received: list[Any] = []
        gets = self._parser.gets
        try:
            while len(received) < replies:
                reply = gets()
                if reply is _INCOMPLETE:
                    self._feed(until)
                else:
                    received.append(reply)
        except (OSError, hiredis.HiredisError) as error:
            raise self._broken(error) from error
        return received

    def _feed(self, until: float) -> None:
        self._socket.settimeout(_left(until))
        data = self._socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionResetError("connection lost: closed by the server")
        self._parser.feed(data)

    def _broken(self, error: Exception) -> Exception:
        """Close the link: its replies can no longer be told apart."""
        self.close()
        kind = OnlineStoreTimeout if isinstance(error, TimeoutError) else OnlineStoreUnavailable
        return kind(f"{self.address}: {error}")

    def _connected(self, connection: Connection, address: Address, until: float) -> socket.socket:
        try:
            context = connection.ssl_context()
            plain = socket.create_connection(address, _left(until))
        except OSError as error:
            raise OnlineStoreUnavailable(f"{self.address}: {error}") from error
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return context.wrap_socket(plain, server_hostname=address[0]) if context else plain
        except OSError as error:
            plain.close()
            raise OnlineStoreUnavailable(f"{self.address}: {error}") from error

    def _log_in(self, connection: Connection, until: float) -> None:
        commands = connection.login()
        self.send(b"".join(command(*parts) for parts in commands), until)
        for reply in self.receive(len(commands), until):
            if isinstance(reply, hiredis.ReplyError):
                self.close()
                raise OnlineStoreUnavailable(f"{self.address}: the server refuses: {reply}")


def _left(until: float) -> float:
    """Return the seconds left; a socket takes 0 for non-blocking, so never that."""
    return max(until - monotonic(), 1e-6)
