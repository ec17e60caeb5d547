"""The workqueue: reconciles resources on events, when something falls due, and after errors.

One resource is reconciled by one task at a time. Events that arrive during its reconcile are
coalesced into one more. At most 16 resources are reconciled concurrently. The operator's own writes
do not requeue a resource: the reconcile that made them has already decided.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from weakref import WeakValueDictionary

from hotplate.controller.kube.client import ClusterError
from hotplate.controller.resource_key import ResourceKey

logger = logging.getLogger(__name__)

Reconcile = Callable[[str, str, str], Awaitable[datetime | None]]
"""Takes kind, namespace and name; returns when to reconcile again without an event."""

_FIRST_RETRY = timedelta(seconds=1)
_LAST_RETRY = timedelta(minutes=2)
_DOUBLINGS = 10
_JITTER = 0.1
_CONCURRENT = 16
"""Reconciles at one time: each holds its Jobs and pods in memory, and one core runs no more."""

_REMEMBERED_WRITES = 10_000
"""Own writes that are remembered: no event ever arrives for kinds that are not watched."""


class GoneError(Exception):
    """The resource no longer exists, or needs nothing more before it goes."""


class EchoFilter:
    """Recognizes events that only report the operator's own writes."""

    def __init__(self) -> None:
        self._versions: dict[str, None] = {}

    def remember(self, version: str) -> None:
        """Remember the `resourceVersion` of an object as the operator wrote it."""
        self._versions[version] = None
        if len(self._versions) > _REMEMBERED_WRITES:
            del self._versions[next(iter(self._versions))]

    def are_own(self, versions: Iterable[str | None]) -> bool:
        """Return whether all the versions are the operator's, and forget them; None is not."""
        received = set(versions)
        foreign = received - self._versions.keys()
        for version in received - foreign:
            self._versions.pop(str(version))
        return not foreign


class Queue:
    """Calls `reconcile` for a resource whenever there is a reason to, and never twice at once."""

    def __init__(
        self,
        reconcile: Reconcile,
        resync: timedelta,
        on_gone: Callable[[ResourceKey], None] = lambda _: None,
        echoes: EchoFilter | None = None,
    ) -> None:
        self._reconcile = reconcile
        self._resync = resync
        self._on_gone = on_gone
        self._echoes = echoes or EchoFilter()
        self._locks: WeakValueDictionary[ResourceKey, asyncio.Lock] = WeakValueDictionary()
        self._places = asyncio.Semaphore(_CONCURRENT)
        self._waiting: dict[ResourceKey, set[str | None]] = {}
        self._failures: dict[ResourceKey, int] = {}
        self._timers: dict[ResourceKey, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, key: ResourceKey, version: str | None = None) -> None:
        """Have the resource reconciled, without waiting for it.

        The version is that of the object whose event is the reason; None is any other reason.
        """
        if key in self._waiting:
            self._waiting[key].add(version)
            return
        task = asyncio.get_running_loop().create_task(self.process(key, version))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def process(self, key: ResourceKey, version: str | None = None) -> None:
        """Reconcile the resource when its turn comes, unless it already waits for that."""
        if key in self._waiting:
            self._waiting[key].add(version)
            return
        self._waiting[key] = {version}
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock, self._places:
            if not self._echoes.are_own(self._waiting.pop(key)):
                await self._run(key)

    def forget(self, key: ResourceKey) -> None:
        """Stop reconciling a resource that is gone."""
        self._on_gone(key)
        self._failures.pop(key, None)
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()

    @property
    def waiting(self) -> int:
        """Number of resources that wait for their turn."""
        return len(self._waiting)

    @property
    def failing(self) -> int:
        """Number of resources whose last reconcile raised."""
        return len(self._failures)

    async def _run(self, key: ResourceKey) -> None:
        try:
            requeue_at = await self._reconcile(*key)
        except GoneError:
            self.forget(key)
            return
        except ClusterError as error:
            delay = max(self._backoff(key), error.retry_after)
            logger.warning("%s %s/%s: %s; next try in %s", *key, error, delay)
        except Exception:
            delay = self._backoff(key)
            logger.exception("%s %s/%s: next try in %s", *key, delay)
        else:
            self._failures.pop(key, None)
            delay = self._delay(requeue_at)
        self._add_after(key, delay)

    def _backoff(self, key: ResourceKey) -> timedelta:
        """Return the time until the next try after an error, twice as long after each."""
        count = self._failures[key] = self._failures.get(key, 0) + 1
        return min(_FIRST_RETRY * (1 << min(count - 1, _DOUBLINGS)), _LAST_RETRY)

    def _delay(self, requeue_at: datetime | None) -> timedelta:
        """Return the time until the next resync, or until something falls due before it."""
        spread = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads the load
        resync = self._resync * spread
        if requeue_at is None:
            return resync
        return min(resync, max(requeue_at - datetime.now(UTC), timedelta()) + timedelta(seconds=1))

    def _add_after(self, key: ResourceKey, delay: timedelta) -> None:
        loop = asyncio.get_running_loop()
        earlier = self._timers.pop(key, None)
        if earlier is not None:
            earlier.cancel()
        self._timers[key] = loop.call_later(delay.total_seconds(), self.add, key)
