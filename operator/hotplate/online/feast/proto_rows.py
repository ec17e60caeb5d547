"""Rows as Feast passes them to an online store, turned into calls of the upsert script."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, TypeAlias

from feast.infra.key_encoding_utils import serialize_entity_key
from feast.infra.online_stores.helpers import _mmh3
from redis.crc import key_slot

from hotplate.online.layout.timestamps import microseconds, serialized
from hotplate.online.write.acceptance import latest_accepted
from hotplate.online.write.upsert_script import SCRIPT_ROWS, UPSERT_SHA

logger = logging.getLogger(__name__)

_NEVER = -(1 << 63)
"""A row without a creation time is the oldest."""

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
    """Return the EVALSHA commands that write the rows; of equal event times the last created wins.

    Rows whose event time is more than five minutes ahead are left out, and counted in the log.
    """
    limit = latest_accepted() * 1_000_000
    accepted = [each for each in data if microseconds(each[2]) <= limit]
    if len(accepted) < len(data):
        logger.warning(
            "%s: %d of %d rows are not written: their event times are ahead of now, such as %s",
            target.view,
            len(data) - len(accepted),
            len(data),
            max(each[2] for each in data).isoformat(),
        )
    rows = [_row(target, *each) for each in sorted(accepted, key=_created)]
    if target.by_slot:
        rows.sort(key=lambda row: key_slot(row[0]))
    return list(_calls(target, rows))


def _created(row: tuple[Any, dict[str, Any], datetime, datetime | None]) -> int:
    created = row[3]
    return _NEVER if created is None or created != created else microseconds(created)  # noqa: PLR0124 - NaT


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
    sizes = (len(fields), target.ttl_seconds, latest_accepted())
    return ("EVALSHA", UPSERT_SHA, len(keys), *keys, *sizes, *fields, *values)
