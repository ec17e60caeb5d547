"""Definitions of many feature views over the data of the small repository."""

from __future__ import annotations

import hashlib


def view_names(count: int) -> list[str]:
    """Return names of feature views, sorted, that do not compress well."""
    digests = (hashlib.sha256(str(number).encode()).hexdigest() for number in range(count))
    return sorted(f"view_{digest[:32]}" for digest in digests)


def many_views(count: int) -> str:
    """Return definitions of so many feature views, with a feature service for each."""
    return f"""
from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.types import Int64, String

person = Entity(name="person", value_type=ValueType.STRING)
habits = FileSource(name="habits", path="data/habits.parquet", timestamp_field="event_timestamp")

for name in {view_names(count)!r}:
    view = FeatureView(
        name=name,
        entities=[person],
        ttl=timedelta(days=60),
        schema=[Field(name="person", dtype=String), Field(name="visits", dtype=Int64)],
        source=habits,
    )
    globals()[name] = view
    globals()["service_" + name] = FeatureService(name="service_" + name, features=[view])
del view
"""
