"""Rows as Feast passes them to an online store, turned into calls of the upsert script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, TypeAlias

from feast.infra.key_encoding_utils import serialize_entity_key
from feast.infra.online_stores.helpers import _mmh3
from redis.crc import key_slot

from hotplate.online.layout.timestamps import microseconds, serialized
from hotplate.online.write.upsert_script import SCRIPT_ROWS, UPSERT_SHA

ProtoRows: TypeAlias = list[tuple[Any, dict[str, Any], datetime, datetime | None]]
Row: TypeAlias = tuple[bytes, tuple[str, ...], list[bytes]]


@dataclass(frozen=True)
class Target:
    """The view that rows are written to; with `by_slot` the keys of a call are in one slot."""

    project: str
    view: str
    key_version: int
    ttl_seconds: int
    by_slot: bool


def calls(target: Target, data: ProtoRows) -> list[tuple[Any, ...]]:
    """Return the EVALSHA commands that write the rows, in their order for each key."""
    rows = [_row(target, *each) for each in data]
    if target.by_slot:
        rows.sort(key=lambda row: key_slot(row[0]))
    return list(_calls(target, rows))


def _row(
    target: Target, entity_key: Any, values: dict[str, Any], when: datetime, _: datetime | None
) -> Row:
    key = serialize_entity_key(entity_key, target.key_version) + target.project.encode()
    data = [value.SerializeToString() for value in values.values()]
    return key, tuple(values), [serialized(microseconds(when)), *data]


def _calls(target: Target, rows: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
    def kind(row: Row) -> tuple[Any, ...]:
        return row[1], key_slot(row[0]) if target.by_slot else 0

    for (features, _), group in groupby(rows, kind):
        same = list(group)
        for start in range(0, len(same), SCRIPT_ROWS):
            yield _call(target, features, same[start : start + SCRIPT_ROWS])


def _call(target: Target, features: tuple[str, ...], rows: list[Row]) -> tuple[Any, ...]:
    hashes = (_mmh3(f"{target.view}:{feature}") for feature in features)
    fields = [f"_ts:{target.view}".encode(), *hashes]
    keys = [key for key, _, _ in rows]
    values = [value for _, _, data in rows for value in data]
    sizes = (len(fields), target.ttl_seconds)
    return ("EVALSHA", UPSERT_SHA, len(keys), *keys, *sizes, *fields, *values)
