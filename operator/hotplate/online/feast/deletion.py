"""Exact deletion: only keys of one project, only fields of one view.

Keys are found by SCAN in steps of bounded size. Each key is then parsed, so that deleting project
`prod` never touches `my_prod`. UNLINK frees the memory off the server's main thread.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hotplate.online.layout.keys import key_prefix

SCAN_COUNT = 1_000
_TIME_FIELD = b"_ts:"
_LENGTH, _TYPED = struct.Struct("<I"), struct.Struct("<II")


@dataclass(frozen=True)
class Rows:
    """The rows of one project with these join keys; `version` is the key serialization's."""

    project: str
    join_keys: Sequence[str]
    prefix: bytes = b""

    @property
    def start(self) -> bytes:
        """What the keys of these rows start with."""
        return self.prefix or key_prefix(self.join_keys)

    @property
    def pattern(self) -> bytes:
        """A glob that matches all these keys, and maybe some of other projects."""
        return _escaped(self.start) + b"*" + _escaped(self.project.encode())

    def holds(self, key: bytes) -> bool:
        """Return whether the key is one of these rows, to the last byte."""
        if not key.startswith(self.start):
            return False
        at = len(self.start)
        for _ in self.join_keys:
            if len(key) < at + 8:
                return False
            at += 8 + struct.unpack_from("<I", key, at + 4)[0]
        return key[at:] == self.project.encode()


@dataclass(frozen=True)
class ProjectRows:
    """All rows of one project, whatever their join keys."""

    project: str

    @property
    def pattern(self) -> bytes:
        """A glob that matches all these keys, and maybe some of other projects."""
        return b"*" + _escaped(self.project.encode())

    def holds(self, key: bytes) -> bool:
        """Return whether the key is an entity key followed by this project, to the last byte."""
        if len(key) < _LENGTH.size:
            return False
        (count,), at = _LENGTH.unpack_from(key), _LENGTH.size
        for _ in range(2 * count):
            if len(key) < at + _TYPED.size:
                return False
            at += _TYPED.size + _TYPED.unpack_from(key, at)[1]
        return count > 0 and key[at:] == self.project.encode()


@dataclass(frozen=True)
class Deletion:
    """How to delete: at most so many keys a second (0: no limit), or count only."""

    keys_per_second: int = 0
    dry_run: bool = False


@dataclass(frozen=True)
class Deleted:
    """Keys scanned, keys removed, and keys that lost fields; in a dry run, those that would."""

    scanned: int = 0
    keys: int = 0
    trimmed: int = 0

    def __add__(self, other: Deleted) -> Deleted:
        return Deleted(
            self.scanned + other.scanned, self.keys + other.keys, self.trimmed + other.trimmed
        )


def delete_rows(client: Any, rows: Rows | ProjectRows, how: Deletion = Deletion()) -> Deleted:
    """Delete the rows with all their views; `client` is a redis-py client, cluster or not."""
    total = Deleted()
    for keys in _paced(_matching(client, rows), how):
        total += Deleted(len(keys), len(keys))
        if not how.dry_run:
            _each(client, [("UNLINK", key) for key in keys])
    return total


def delete_view(
    client: Any, rows: Rows, view: str, fields: Sequence[bytes], how: Deletion = Deletion()
) -> Deleted:
    """Delete a view's event time and features, and each row that then has no view."""
    time_field = _TIME_FIELD + view.encode()
    total = Deleted()
    for keys in _paced(_matching(client, rows), how):
        names = _each(client, [("HKEYS", key) for key in keys])
        held = {k: set(found) for k, found in zip(keys, names, strict=True) if time_field in found}
        alone = [key for key, found in held.items() if not _has_other_view(found, time_field)]
        shared = [key for key in held if key not in set(alone)]
        total += Deleted(len(keys), len(alone), len(shared))
        if not how.dry_run:
            hdels = [("HDEL", key, time_field, *fields) for key in shared]
            _each(client, [("UNLINK", key) for key in alone] + hdels)
    return total


def delete_features(
    client: Any, rows: Rows, fields: Sequence[bytes], how: Deletion = Deletion()
) -> Deleted:
    """Delete the fields of features that their view no longer has."""
    total = Deleted()
    for keys in _paced(_matching(client, rows), how):
        found = _each(client, [("HMGET", key, *fields) for key in keys])
        stale = [key for key, values in zip(keys, found, strict=True) if set(values) != {None}]
        total += Deleted(len(keys), 0, len(stale))
        if not how.dry_run:
            _each(client, [("HDEL", key, *fields) for key in stale])
    return total


def count_fields(client: Any, rows: Rows, fields: Sequence[bytes]) -> list[int]:
    """Return how many keys hold each field, by one scan."""
    counts = [0] * len(fields)
    for keys in _paced(_matching(client, rows), Deletion()):
        for values in _each(client, [("HMGET", key, *fields) for key in keys]):
            held = (value is not None for value in values)
            counts = [count + is_held for count, is_held in zip(counts, held, strict=True)]
    return counts


def _has_other_view(fields: Iterable[bytes], time_field: bytes) -> bool:
    return any(name.startswith(_TIME_FIELD) and name != time_field for name in fields)


def _matching(client: Any, rows: Rows | ProjectRows) -> Iterator[bytes]:
    for key in client.scan_iter(rows.pattern, count=SCAN_COUNT, _type="HASH"):
        if rows.holds(key):
            yield key


def _paced(keys: Iterator[bytes], how: Deletion) -> Iterator[list[bytes]]:
    """Yield the keys in groups; with a limit, a group a tenth of a second."""
    size = max(how.keys_per_second // 10, 1) if how.keys_per_second else SCAN_COUNT
    started, done = time.monotonic(), 0
    while group := list(islice(keys, size)):
        yield group
        done += len(group)
        if how.keys_per_second:
            time.sleep(max(0.0, done / how.keys_per_second - (time.monotonic() - started)))


def _each(client: Any, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Run the commands in one pipeline; each names one key, as a cluster requires."""
    with client.pipeline(transaction=False) as pipeline:
        for parts in commands:
            pipeline.execute_command(*parts)
        replies: list[Any] = pipeline.execute()
    return replies


def _escaped(literal: bytes) -> bytes:
    """Return the bytes with glob characters escaped: serialized keys may contain any byte."""
    return b"".join(b"\\%c" % byte if byte in b"*?[]\\^-" else b"%c" % byte for byte in literal)
