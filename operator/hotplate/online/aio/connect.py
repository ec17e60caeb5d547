"""A new connection for reads: TCP, TLS, login, and the renewal of that login."""

from __future__ import annotations

import asyncio
import logging
import random
import time

import hiredis

from hotplate.online.aio.link import Link
from hotplate.online.connection.config import Connection
from hotplate.online.connection.credentials import Credentials, Login
from hotplate.online.connection.resp import command
from hotplate.online.errors import OnlineReadError, OnlineStoreRefused, refusal

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 1.0
"""The deadline for connecting, TLS and login together."""

CHECK_SECONDS = 5.0
"""The longest interval between two checks whether a connection's login must be renewed."""


async def open_link(connection: Connection, host: str, port: int) -> Link:
    """Connect, log in and PING; a refused login is retried once with new credentials.

    Raises `OnlineStoreUnavailable` saying what failed, `OnlineStoreRefused` for the login.
    """
    login = await _login(connection)
    try:
        link = await _opened(connection, (host, port), login)
    except OnlineStoreRefused:
        fresh = await asyncio.to_thread(connection.relogin, login)
        if fresh is None:
            raise
        login = fresh
        link = await _opened(connection, (host, port), login)
    if connection.credentials is not None and login is not None:
        link.reauth_task = asyncio.create_task(reauthenticate(link, connection.credentials, login))
    return link


async def _login(connection: Connection) -> Login | None:
    """Return the login; credentials may block for seconds, so they run in a thread."""
    if connection.credentials is None:
        return connection.login()
    return await asyncio.to_thread(connection.login)


async def _opened(connection: Connection, address: tuple[str, int], login: Login | None) -> Link:
    host, port = address
    link = Link(f"{host}:{port}")
    try:
        context = connection.ssl_context()
        server_name = host if context else None
        async with asyncio.timeout(CONNECT_SECONDS):
            await asyncio.get_running_loop().create_connection(
                lambda: link, host, port, ssl=context, server_hostname=server_name
            )
            await _handshake(link, connection, login)
    except TimeoutError:
        link.close(f"no connection within {CONNECT_SECONDS:.0f} s")
    except OSError as error:
        link.close(str(error))
    except BaseException:
        link.close("the login did not finish")
        raise
    if link.error:
        raise link.error
    return link


async def _handshake(link: Link, connection: Connection, login: Login | None) -> None:
    until = asyncio.get_running_loop().time() + CONNECT_SECONDS
    for reply in await link.request([command(*c) for c in connection.handshake(login)], until):
        if isinstance(reply, hiredis.ReplyError):
            link.fail(refusal(link.address, reply))
            return


async def reauthenticate(link: Link, credentials: Credentials, login: Login) -> None:
    """Log in again whenever the credentials require it, until the link is closed.

    After a failed attempt the previous login stays valid, and the next check tries again.
    """
    since = time.monotonic()
    while link.error is None:
        await asyncio.sleep(CHECK_SECONDS * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        try:
            age = time.monotonic() - since
            renewed = await asyncio.to_thread(credentials.renewal, login, age)
            if renewed is not None:
                until = asyncio.get_running_loop().time() + CONNECT_SECONDS
                (reply,) = await link.request([command(*renewed.command)], until)
                if isinstance(reply, hiredis.ReplyError):
                    raise refusal(link.address, reply)
                login, since = renewed, time.monotonic()
        except OnlineReadError as error:
            credentials.invalidate()
            logger.warning("the login is not renewed: %s", error)
