"""What training reads: the features of entities as they were at given times.

That is Feast's `get_historical_features`: the latest row up to the time, unless it is older than
the view's ttl then. Of rows of one event time the one created last counts; Feast's file store takes
any of them, so that files are joined here. Other stores are asked by Feast. All values pass through
the conversion of the writer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hotplate.jobs.offline.as_of import NONE, rows_as_of
from hotplate.jobs.offline.entities import Entities
from hotplate.jobs.offline.files import SourceFiles
from hotplate.jobs.offline.latest import ROW, Array, numbers
from hotplate.jobs.offline.parquet import Pull, keys_and_times, pulled_files
from hotplate.jobs.offline.pull import BEGINNING, find_view, offline_errors, pull_of
from hotplate.jobs.offline.redshift import as_stored
from hotplate.online.write.encoding import as_served
from hotplate.online.write.refusals import ConversionError
from hotplate.protocol.read_plan import ViewPlan, full_name

EVENT_TIME = "event_timestamp"
"""The column of entities with the time that is asked for, as Feast names it."""

_ROW = "hotplate_row"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MICROS = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 1}


@dataclass(frozen=True)
class Asked:
    """Entities by their join keys' columns, and a time for each, in microseconds of the epoch."""

    keys: Mapping[str, Sequence[Any]]
    times: Array


def history(store: Any, view: ViewPlan, asked: Asked) -> dict[str, list[Any]]:
    """Return the values of each feature for each entity as of its time, None without a row.

    Raises:
        JobError: OfflineStoreFailed, or RowsInvalid with feature or join key, and the fix.

    """
    feast_view = find_view(store, view.name)
    pull = _pull(store, feast_view, asked.times)
    with offline_errors(feast_view):
        files = pulled_files(feast_view.batch_source, store.config.repo_path, pull)
        if files is None:
            return _converted(view, _by_feast(store, feast_view, view, asked))
        return _converted(view, _of_files(files, pull, feast_view, asked))


def _pull(store: Any, view: Any, times: Array) -> Pull:
    """Return what to read: all that the view's ttl leaves of the times before the last one."""
    if not len(times):
        return pull_of(store, view, BEGINNING, BEGINNING)
    first, last = (_EPOCH + int(at) * _MICROSECOND for at in (times.min(), times.max()))
    start = max(BEGINNING, first - view.ttl) if view.ttl else BEGINNING
    return pull_of(store, view, start, max(start, last))


def _of_files(files: SourceFiles, pull: Pull, view: Any, asked: Asked) -> pa.Table:
    """Return the columns of the source, under the view's names, with a row for each entity."""
    named = view.batch_source.field_mapping or {}
    keys = {name: asked.keys[named.get(name, name)] for name in pull.join_keys}
    entities = Entities.of({name: pull.dtypes[name] for name in pull.join_keys}, keys, asked.times)
    places, _ = rows_as_of(
        _wanted(files, pull, entities), entities.codes, asked.times, _micros(view.ttl)
    )
    found = np.unique(places[places != NONE])
    rows = pa.Table.from_batches(
        [*_numbered(files, pull, found)], files.schema([*dict.fromkeys(pull.features)])
    )
    rank: Array = np.searchsorted(found, places)
    at: Any = pa.array(rank, mask=places == NONE)
    return rows.take(at).rename_columns([named.get(n, n) for n in rows.column_names])


def _micros(ttl: timedelta | None) -> int:
    return (ttl or timedelta()) // _MICROSECOND


def _wanted(files: SourceFiles, pull: Pull, entities: Entities) -> Iterator[pd.DataFrame]:
    """Yield codes, times, creation times and numbers of the rows of the entities."""
    kind = files.schema([pull.timestamp]).field(0).type
    for rows in keys_and_times(files, pull, pull.span):
        codes = entities.codes_of({name: rows[name] for name in pull.join_keys}, rows.num_rows)
        kept = entities.wanted(codes)
        if kept.any():
            columns = {
                "code": codes,
                "at": microseconds(rows[pull.timestamp], kind),
                "created": numbers(rows[pull.created]) if pull.created else np.zeros_like(codes),
                "number": rows[ROW].to_numpy(),
            }
            yield pd.DataFrame({name: values[kept] for name, values in columns.items()})


def microseconds(times: Any, kind: Any) -> Array:
    """Return times, which are integers in the unit of their column's type, as microseconds."""
    unit = getattr(kind, "unit", "us")
    return times.to_numpy() * _MICROS[unit] // (1_000 if unit == "ns" else 1)


def _numbered(files: SourceFiles, pull: Pull, wanted: Array) -> Iterator[pa.RecordBatch]:
    """Yield the features of the rows of these numbers."""
    if not len(wanted):
        return
    for first, batch in files.batches([*dict.fromkeys(pull.features)], pull.span):
        low, high = np.searchsorted(wanted, [first, first + batch.num_rows])
        if high > low:
            yield batch.take(pa.array(wanted[low:high] - first))


def _by_feast(store: Any, view: Any, plan: ViewPlan, asked: Asked) -> pa.Table:
    """Return the features of each entity as Feast's offline store joins them.

    It gets join keys and times alone: Redshift changes the names of other columns, and refuses text
    of more than 256 bytes.
    """
    frame = pd.DataFrame(dict(asked.keys))
    frame[EVENT_TIME] = pd.to_datetime(pd.Series(asked.times), unit="us", utc=True)
    frame[_ROW] = np.arange(len(frame))
    job = store.provider.offline_store.get_historical_features(
        config=store.config,
        feature_views=[as_stored(store, view)],
        feature_refs=[f"{view.name}:{feature.name}" for feature in plan.features],
        entity_df=frame,
        registry=store.registry,
        project=store.project,
        full_feature_names=True,
    )
    rows: pa.Table = job.to_arrow()
    last = pd.Series(rows[_ROW].to_numpy()).drop_duplicates(keep="last")
    ordered = rows.take(pa.array(last.sort_values().index.to_numpy()))
    names = {full_name(view.name, feature.name): feature.name for feature in plan.features}
    return ordered.select([*names]).rename_columns([*names.values()])


def _converted(view: ViewPlan, rows: pa.Table) -> dict[str, list[Any]]:
    values = {}
    for feature in view.features:
        column = rows[feature.name].combine_chunks()
        try:
            values[feature.name] = as_served(column, feature.dtype)
        except ConversionError as error:
            raise ConversionError(f"feature {feature.name}: {error}") from error
    return values
