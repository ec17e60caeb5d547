"""Feast projects that would endanger each other's keys in one online store.

Feast deletes a view's keys by a scan for `*<project>`, so a project that another one's name ends
with takes the other one's keys along.
"""

from __future__ import annotations

from collections.abc import Iterable

from hotplate.api import FeatureStore


def conflict(store: FeatureStore, others: Iterable[FeatureStore]) -> str | None:
    """Return why the project is refused, naming an older FeatureStore, or None."""
    for other in others:
        if _is_older(other, store) and _endanger_each_other(store, other):
            mine, theirs = store.spec.project, other.spec.project
            where = f"{other.metadata.namespace}/{other.metadata.name}"
            return (
                f"project {mine} cannot share an online store with project {theirs} of"
                f" FeatureStore {where}: Feast would delete the keys of both; choose a project that"
                " neither ends with the other one, or another cache"
            )
    return None


def _is_older(one: FeatureStore, other: FeatureStore) -> bool:
    return one.metadata.uid != other.metadata.uid and _age(one) < _age(other)


def _age(store: FeatureStore) -> tuple[str, str]:
    created = store.metadata.creation_timestamp
    return created.isoformat() if created else "", store.metadata.uid or ""


def _endanger_each_other(one: FeatureStore, other: FeatureStore) -> bool:
    caches = [store.spec.online_store.elasti_cache for store in (one, other)]
    endpoints = {cache.endpoint.lower() if cache else None for cache in caches}
    projects = one.spec.project, other.spec.project
    is_suffix = projects[0].endswith(projects[1]) or projects[1].endswith(projects[0])
    return len(endpoints) == 1 and None not in endpoints and is_suffix
