"""Rows of views: of the files that the definitions name, or made by their types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hotplate import jobs
from hotplate.api import FeatureStore
from hotplate.api.v1alpha1.stores import (
    Embedded,
    FileOfflineStore,
    OfflineStore,
    OnlineStore,
    Registry,
)
from hotplate.jobs.workspace import Workplace
from hotplate.local.errors import LocalError
from hotplate.protocol.read_plan import ViewPlan
from hotplate.sizing.synthetic_rows import TIMESTAMP, made_rows


@dataclass(frozen=True)
class Sample:
    """How many rows of a view to take, and how long strings are where rows are made."""

    rows: int
    string_bytes: int


@dataclass(frozen=True)
class ViewRows:
    """A view, rows of it, and whether they are a table's own."""

    view: ViewPlan
    rows: pa.Table
    of_table: bool


def view_rows(
    feature_store: FeatureStore, definitions: Path, store: str, sample: Sample
) -> tuple[ViewRows, ...]:
    """Return rows of every view that is kept online; nothing but the embedded store is touched.

    Raises:
        LocalError: a view's join keys are not in its schema, or there is none to size.
        JobError: the definitions, or a file that they name, are not as they must be.

    """
    from hotplate.jobs.repository import definitions as repository  # noqa: PLC0415
    from hotplate.jobs.repository.read_plan import Definitions  # noqa: PLC0415  (Feast takes seconds)

    contents = repository.load(definitions, feature_store.spec.project)
    views = [view for view in Definitions.of_repository(contents).views if _is_kept(view)]
    if not views:
        raise LocalError(f"{definitions}: no feature view has an entity and online=True")
    if all(_has_file(view) for view in views):
        place = Workplace(_on_embedded(feature_store), definitions, store)
        return tuple(_of_tables(place, sample))
    return tuple(_made(view, sample) for view in views)


def _is_kept(view: Any) -> bool:
    from feast.feature_view import DUMMY_ENTITY_ID  # noqa: PLC0415

    return bool(view.online) and DUMMY_ENTITY_ID not in view.join_keys


def _has_file(view: Any) -> bool:
    from feast import FileSource  # noqa: PLC0415

    return isinstance(view.batch_source, FileSource)


def _on_embedded(feature_store: FeatureStore) -> FeatureStore:
    """Return the resource with everything in the embedded store, and the files read as they are."""
    embedded = Embedded()
    changes = {
        "registry": Registry(embedded=embedded),
        "online_store": OnlineStore(embedded=embedded),
        "offline_store": OfflineStore(file=FileOfflineStore()),
        "artifacts": None,
    }
    return feature_store.model_copy(update={"spec": feature_store.spec.model_copy(update=changes)})


def _of_tables(place: Workplace, sample: Sample) -> Iterator[ViewRows]:
    """Yield rows of the views' files: of views that share an entity, rows of the same entities."""
    from hotplate.jobs.offline.pull import pull_latest  # noqa: PLC0415
    from hotplate.jobs.repository.read_plan import Definitions, view_plan  # noqa: PLC0415
    from hotplate.jobs.repository.session import connected  # noqa: PLC0415
    from hotplate.jobs.tasks.materialize import NO_TTL  # noqa: PLC0415

    jobs.apply(place)
    store, now = connected(place), datetime.now(UTC)
    taken: dict[tuple[str, ...], pa.Table] = {}
    for view in filter(_is_kept, Definitions.of_registry(store.registry, place.project).views):
        table = pull_latest(store, view, now - (view.ttl or NO_TTL), now)
        names = [
            TIMESTAMP if name == view.batch_source.timestamp_field else name
            for name in table.column_names
        ]
        join_keys = tuple(sorted(view.join_keys))
        rows = _sampled(table.rename_columns(names), join_keys, taken.get(join_keys), sample.rows)
        taken.setdefault(join_keys, rows.select(list(join_keys)))
        if not rows.num_rows:
            raise LocalError(f"feature view {view.name}: its table has no row within its ttl")
        yield ViewRows(view_plan(view), rows, of_table=True)


def _sampled(
    table: pa.Table, join_keys: tuple[str, ...], wanted: pa.Table | None, rows: int
) -> pa.Table:
    """Return that many rows by chance, or those of the entities that are wanted."""
    numbers = np.arange(table.num_rows)
    if wanted is not None:
        numbered = table.select(list(join_keys)).append_column("number", pa.array(numbers))
        kept = numbered.join(wanted, list(join_keys), join_type="left semi")
        return table.take(kept["number"])
    if table.num_rows > rows:
        numbers = np.random.default_rng(0).choice(numbers, rows, replace=False)
    return table.take(numbers)


def _made(view: Any, sample: Sample) -> ViewRows:
    from hotplate.jobs.repository.read_plan import view_plan  # noqa: PLC0415

    plan = view_plan(view)
    missing = set(view.join_keys) - {key.name for key in plan.join_keys}
    if missing:
        raise LocalError(
            f"feature view {view.name}: its schema lacks {', '.join(sorted(missing))}: without a "
            "file to look at, expected a field for each join key"
        )
    return ViewRows(plan, made_rows(plan, sample.rows, sample.string_bytes), of_table=False)
