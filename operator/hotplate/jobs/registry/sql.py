"""A registry in an SQL database: one writer at a time, and joined materialization intervals.

Feast reads a view's row, changes it and writes it back: two writers at once would lose an update.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from hotplate.jobs.registry.guarded import merged

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


@contextmanager
def sql_registry_lock(url: str, project: str) -> Iterator[None]:
    """Hold the lock of the project's registry among Hotplate's writers; wait for it.

    PostgreSQL releases it when the connection ends, however it ends. Other databases have none.
    """
    place = make_url(url)
    if place.get_backend_name() != "postgresql":
        yield
        return
    engine = create_engine(place, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(_LOCK, {"name": f"hotplate:{project}"})
        yield


def join_intervals(registry: Any, view: Any, project: str) -> None:
    """Join touching intervals of a view; Feast appends one with every run."""
    stored = registry.get_any_feature_view(view.name, project, allow_cache=False)
    kept = merged(list(stored.materialization_intervals))
    if len(kept) < len(stored.materialization_intervals):
        stored.materialization_intervals = kept
        registry.apply_feature_view(stored, project)
