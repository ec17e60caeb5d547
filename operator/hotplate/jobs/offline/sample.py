"""A sample of a view's entities, as of the event times of their latest rows, in constant memory.

The entities whose join keys have the smallest hashes are taken: one that is dropped on the way can
never come back, so that no other entity needs to be remembered. Redshift samples by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hotplate.jobs.offline.files import SourceFiles
from hotplate.jobs.offline.history import Asked, microseconds
from hotplate.jobs.offline.parquet import Pull, keys_and_times, pulled_files, with_keys
from hotplate.jobs.offline.pull import latest_rows, offline_errors, pull_of
from hotplate.jobs.offline.redshift import is_redshift, query_rows
from hotplate.online.write.encoding import key_values

_AT, _HASH = "hotplate_at", "hotplate_hash"


def sample(store: Any, view: Any, window: tuple[datetime, datetime], size: int) -> Asked:
    """Return at most so many entities of a window, each as of the event time of its latest row.

    Raises:
        JobError: OfflineStoreFailed, or RowsInvalid for join keys.

    """
    pull = pull_of(store, view, *window)
    with offline_errors(view):
        found = _smallest(_frames(store, view, pull, size), pull.join_keys, size)
    named = view.batch_source.field_mapping or {}
    keys = {named.get(name, name): found[name].tolist() for name in pull.join_keys}
    return Asked(keys, found[_AT].to_numpy(np.int64))


def _smallest(frames: Iterable[pd.DataFrame], keys: Sequence[str], size: int) -> pd.DataFrame:
    """Return the entities of the smallest hashes, each with its latest event time."""
    kept = pd.DataFrame(columns=[*keys, _AT, _HASH])
    for frame in frames:
        hashes = pd.util.hash_pandas_object(frame[[*keys]], index=False)
        candidates = frame.assign(**{_HASH: hashes})
        if len(kept) == size:
            candidates = candidates[hashes <= kept[_HASH].iloc[-1]]
        if candidates.empty:
            continue
        both = candidates if kept.empty else pd.concat([kept, candidates])
        latest = both.sort_values(_AT).drop_duplicates([*keys], keep="last")
        kept = latest.sort_values(_HASH).head(size)
    return kept


def _frames(store: Any, view: Any, pull: Pull, size: int) -> Iterator[pd.DataFrame]:
    """Yield complete join keys in their declared types, and event times in microseconds."""
    if is_redshift(store):
        yield from _of_rows(query_rows(store, _query(view.batch_source, pull, size)), pull)
        return
    files = pulled_files(view.batch_source, store.config.repo_path, pull)
    if files is not None:
        yield from _of_files(files, pull)
        return
    for batch in latest_rows(store, view, pull.start, pull.end).batches:
        named = view.batch_source.field_mapping or {}
        old = {new: old for old, new in named.items()}
        names = [old.get(name, name) for name in batch.schema.names]
        yield from _of_rows(pa.Table.from_batches([batch]).rename_columns(names), pull)


def _of_files(files: SourceFiles, pull: Pull) -> Iterator[pd.DataFrame]:
    kind = files.schema([pull.timestamp]).field(0).type
    for rows in keys_and_times(files, pull, pull.span):
        complete = with_keys(rows, pull)
        frame = complete.select([*pull.join_keys]).to_pandas()
        yield frame.assign(**{_AT: microseconds(complete[pull.timestamp], kind)})


def _of_rows(rows: pa.Table, pull: Pull) -> Iterator[pd.DataFrame]:
    times = rows[pull.timestamp]
    keys = {
        name: key_values(rows[name].combine_chunks(), pull.dtypes[name]) for name in pull.join_keys
    }
    frame = pd.DataFrame(keys).assign(**{_AT: microseconds(times.cast(pa.int64()), times.type)})
    yield frame.dropna(subset=[*pull.join_keys])


def _query(source: Any, pull: Pull, size: int) -> str:
    """Return the SQL of so many random entities with the event times of their latest rows."""
    keys, at = ", ".join(pull.join_keys), pull.timestamp
    complete = "".join(f" AND {key} IS NOT NULL" for key in pull.join_keys)
    return (
        f"SELECT {keys}, MAX({at}) AS {at} FROM {source.get_table_query_string()} "  # noqa: S608
        f"WHERE {at} BETWEEN TIMESTAMP '{pull.start}' AND TIMESTAMP '{pull.end}'{complete} "
        f"GROUP BY {keys} ORDER BY RANDOM() LIMIT {size}"
    )
