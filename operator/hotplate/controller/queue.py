"""When a resource is reconciled: on events, when something falls due, on a resync, after an error.

One resource is reconciled by one task at a time; events that come meanwhile are one more time. Few
are reconciled at one time; the others wait for their turn. What the operator wrote itself is no
reason to look again: the reconcile that wrote it knew it all.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from weakref import WeakValueDictionary

from hotplate.controller.kube.client import ClusterError
from hotplate.controller.own_writes import OwnWrites

logger = logging.getLogger(__name__)

Key = tuple[str, str, str]
"""Kind, namespace, name."""

Reconcile = Callable[[str, str, str], Awaitable[datetime | None]]

_FIRST_RETRY = timedelta(seconds=1)
_LAST_RETRY = timedelta(minutes=2)
_DOUBLINGS = 10
_JITTER = 0.1
_AT_ONCE = 16
"""Reconciles at one time: each holds its Jobs and pods, and one core has no use for more."""


class GoneError(Exception):
    """The resource is not there any more, or about to go."""


class Triggers:
    """Calls `reconcile` for a resource whenever there is a reason to, and never twice at once."""

    def __init__(
        self,
        reconcile: Reconcile,
        resync: timedelta,
        gone: Callable[[Key], None] = lambda _: None,
        own: OwnWrites | None = None,
    ) -> None:
        self._reconcile = reconcile
        self._resync = resync
        self._gone = gone
        self._own = own or OwnWrites()
        self._locks: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._waiting: dict[Key, set[str | None]] = {}
        self._failures: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def soon(self, key: Key, version: str | None = None) -> None:
        """Reconcile the resource when its turn comes, without waiting for that.

        The version is that of the object whose event is the reason; None is any other reason.
        """
        if key in self._waiting:
            self._waiting[key].add(version)
            return
        task = asyncio.get_running_loop().create_task(self.fire(key, version))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def fire(self, key: Key, version: str | None = None) -> None:
        """Reconcile the resource, unless that is already about to happen."""
        if key in self._waiting:
            self._waiting[key].add(version)
            return
        self._waiting[key] = {version}
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock, self._places:
            if not self._own.explain(self._waiting.pop(key)):
                await self._run(key)

    def forget(self, key: Key) -> None:
        """Look at a resource that is gone no more."""
        self._gone(key)
        self._failures.pop(key, None)
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    @property
    def waiting(self) -> int:
        """How many resources wait for their turn."""
        return len(self._waiting)

    @property
    def failing(self) -> int:
        """How many resources' last reconcile raised."""
        return len(self._failures)

    async def _run(self, key: Key) -> None:
        try:
            wake_at = await self._reconcile(*key)
        except GoneError:
            self.forget(key)
            return
        except ClusterError as error:
            delay = max(self._backoff(key), error.retry_after)
            logger.warning("%s %s/%s: %s; again in %s", *key, error, delay)
        except Exception:
            delay = self._backoff(key)
            logger.exception("%s %s/%s: again in %s", *key, delay)
        else:
            self._failures.pop(key, None)
            delay = self._delay(wake_at)
        self._wake(key, delay)

    def _backoff(self, key: Key) -> timedelta:
        """Return the time to the next try after an error, twice as long after each."""
        count = self._failures[key] = self._failures.get(key, 0) + 1
        return min(_FIRST_RETRY * (1 << min(count - 1, _DOUBLINGS)), _LAST_RETRY)

    def _delay(self, wake_at: datetime | None) -> timedelta:
        """Return the time to the next resync, or to what falls due before."""
        spread = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads the load
        resync = self._resync * spread
        if wake_at is None:
            return resync
        return min(resync, max(wake_at - datetime.now(UTC), timedelta()) + timedelta(seconds=1))

    def _wake(self, key: Key, delay: timedelta) -> None:
        loop = asyncio.get_running_loop()
        earlier = self._timers.pop(key, None)
        if earlier is not None:
            earlier.cancel()
        self._timers[key] = loop.call_later(delay.total_seconds(), self.soon, key)
