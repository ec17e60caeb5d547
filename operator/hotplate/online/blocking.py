"""One connection to one server for code that may block: the writer, deletion, the sync reader."""

from __future__ import annotations

import socket
from typing import Any, Self

import hiredis

from hotplate.online.connection import Connection
from hotplate.online.errors import OnlineStoreTimeout, OnlineStoreUnavailable
from hotplate.online.resp import command

RECEIVE_BYTES = 1 << 18
_INCOMPLETE = object()


class BlockingLink:
    """Sends commands and receives their replies in order; any error closes it for good."""

    def __init__(self, connection: Connection, host: str, port: int, timeout: float) -> None:
        self.address = f"{host}:{port}"
        self._parser = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._timeout = timeout
        self._socket = self._connected(connection, host, port)
        self._log_in(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def ask(self, *parts: str | bytes) -> Any:
        """Send one command and return its reply; raise `OnlineStoreUnavailable` for an error."""
        self.send(command(*parts))
        (reply,) = self.receive(1)
        if isinstance(reply, hiredis.ReplyError):
            raise OnlineStoreUnavailable(f"{self.address}: {parts[0]!s}: {reply}")
        return reply

    def send(self, commands: bytes) -> None:
        """Send commands without waiting for their replies."""
        try:
            self._socket.sendall(commands)
        except OSError as error:
            raise self._broken(error) from error

    def receive(self, replies: int, timeout: float | None = None) -> list[Any]:
        """Return the next replies; the timeout, in seconds, is for each wait on the network."""
        received: list[Any] = []
        gets = self._parser.gets
        try:
            self._socket.settimeout(self._timeout if timeout is None else timeout)
            while len(received) < replies:
                reply = gets()
                if reply is _INCOMPLETE:
                    self._feed()
                else:
                    received.append(reply)
        except (OSError, hiredis.HiredisError) as error:
            raise self._broken(error) from error
        return received

    def _feed(self) -> None:
        data = self._socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionResetError("connection lost: closed by the server")
        self._parser.feed(data)

    def _broken(self, error: Exception) -> Exception:
        """Close the link: its replies can no longer be told apart."""
        self.close()
        kind = OnlineStoreTimeout if isinstance(error, TimeoutError) else OnlineStoreUnavailable
        return kind(f"{self.address}: {error}")

    def _connected(self, connection: Connection, host: str, port: int) -> socket.socket:
        try:
            context = connection.ssl_context()
            plain = socket.create_connection((host, port), self._timeout)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return context.wrap_socket(plain, server_hostname=host) if context else plain
        except OSError as error:
            raise OnlineStoreUnavailable(f"{self.address}: {error}") from error

    def _log_in(self, connection: Connection) -> None:
        commands = connection.login()
        self.send(b"".join(command(*parts) for parts in commands))
        for reply in self.receive(len(commands)):
            if isinstance(reply, hiredis.ReplyError):
                self.close()
                raise OnlineStoreUnavailable(
                    f"{self.address}: the server refuses the login: {reply}"
                )
