"""A registry in an SQL database: one writer at a time, and no intervals that pile up.

Feast reads a view's row, changes it and writes it back, which two writers at once would undo.
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
    """Be the only one of Hotplate's writers of the project's registry; wait until that is so.

    The database frees the lock when the connection ends, however it ends. Only PostgreSQL has it.
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
    """Join the intervals of a view that touch: Feast appends one with every run."""
    there = registry.get_any_feature_view(view.name, project, allow_cache=False)
    kept = merged(list(there.materialization_intervals))
    if len(kept) < len(there.materialization_intervals):
        there.materialization_intervals = kept
        registry.apply_feature_view(there, project)
