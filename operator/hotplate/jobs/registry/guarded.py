"""Feast registries that two writers can share without losing an update.

Feast keeps a registry as one protobuf message that it reads, changes and writes whole. Here each
write names the version that it started from, and is refused if the registry has another by then.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urldefrag

import redis
from feast.infra.registry.registry_store import RegistryStore
from feast.protos.feast.core.Registry_pb2 import Registry as RegistryProto
from feast.utils import _utc_now
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry

RETRIES = 4
BACKOFF = ExponentialWithJitterBackoff(cap=2, base=0.2)
"""Retries of a connection, and the waits between them."""

_KEY = "hotplate:registry:"
_WRITE = """
local version = redis.call('HGET', KEYS[1], 'version') or ''
if version ~= ARGV[1] then return version end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'registry', ARGV[3])
return false
"""

Interval = tuple[datetime, datetime]


class RegistryConflictError(Exception):
    """Another writer changed the registry since it was read."""


class GuardedRegistryStore(RegistryStore):  # type: ignore[misc]
    """A registry store whose writes are refused when the registry changed since it was read."""

    def __init__(self) -> None:
        self._version = ""

    def get_registry_proto(self) -> Any:
        """Return the registry; raise `FileNotFoundError` when there is none yet."""
        data = self._read()
        self._version = ""
        if data is None:
            raise FileNotFoundError(f"no registry in {self._place()} yet")
        registry = RegistryProto.FromString(data)
        self._version = registry.version_id
        return registry

    def update_registry_proto(self, registry_proto: Any) -> None:
        """Write the registry; raise `RegistryConflictError` when it changed since it was read."""
        merge_intervals(registry_proto)
        registry_proto.version_id = str(uuid.uuid4())
        registry_proto.last_updated.FromDatetime(_utc_now())
        if not self._write(registry_proto.SerializeToString(), registry_proto.version_id):
            raise RegistryConflictError(f"another writer changed the registry in {self._place()}")
        self._version = registry_proto.version_id

    @abstractmethod
    def _read(self) -> bytes | None: ...

    @abstractmethod
    def _write(self, data: bytes, version: str) -> bool:
        """Write and return True only if the stored registry has the version last seen."""

    @abstractmethod
    def _place(self) -> str: ...


class EmbeddedRegistryStore(GuardedRegistryStore):
    """A registry in the embedded Valkey: `path` is redis://host:port#project."""

    def __init__(self, registry_config: Any, repo_path: Any) -> None:  # noqa: ARG002  Feast's
        super().__init__()
        url, project = urldefrag(registry_config.path)
        self._client = redis.Redis.from_url(url, socket_timeout=10, retry=Retry(BACKOFF, RETRIES))
        self._key = _KEY + project
        self._url = url

    def teardown(self) -> None:
        """Remove the registry."""
        self._client.delete(self._key)

    def _read(self) -> bytes | None:
        return cast("bytes | None", self._client.hget(self._key, "registry"))

    def _write(self, data: bytes, version: str) -> bool:
        write = self._client.register_script(_WRITE)
        return write(keys=[self._key], args=[self._version, version, data]) is None

    def _place(self) -> str:
        return f"{self._url}, {self._key}"


class LockedFileRegistryStore(GuardedRegistryStore):
    """A registry in a file, replaced whole under a lock beside it."""

    def __init__(self, registry_config: Any, repo_path: Path | None) -> None:
        super().__init__()
        self._path: Path = Path(repo_path or ".") / registry_config.path

    def teardown(self) -> None:
        """Remove the registry."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def _write(self, data: bytes, version: str) -> bool:  # noqa: ARG002  the data holds it
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            stored = self._read()
            if (RegistryProto.FromString(stored).version_id if stored else "") != self._version:
                return False
            temporary = self._path.with_suffix(".tmp")
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _place(self) -> str:
        return str(self._path)


def merge_intervals(registry: Any) -> None:
    """Join touching materialization intervals of each view; Feast only appends them."""
    for view in (*registry.feature_views, *registry.stream_feature_views):
        intervals = view.meta.materialization_intervals
        kept = merged(
            [(each.start_time.ToDatetime(), each.end_time.ToDatetime()) for each in intervals]
        )
        if len(kept) < len(intervals):
            del intervals[len(kept) :]
            for interval, (start, end) in zip(intervals, kept, strict=True):
                interval.start_time.FromDatetime(start)
                interval.end_time.FromDatetime(end)


def merged(intervals: list[Interval]) -> list[Interval]:
    """Return the intervals in order of time, those that touch or overlap joined."""
    kept: list[Interval] = []
    for start, end in sorted(intervals):
        if kept and start <= kept[-1][1]:
            kept[-1] = (kept[-1][0], max(kept[-1][1], end))
        else:
            kept.append((start, end))
    return kept
