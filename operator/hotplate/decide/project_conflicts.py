"""Feast projects that would endanger each other's keys in one online store.

Feast deletes a view's keys by a scan for `*<project>`, so a project that another one's name ends
with takes the other one's keys along.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Tenant:
    """A FeatureStore as far as its neighbours in an online store are concerned."""

    uid: str
    generation: int
    name: str
    created: str
    endpoint: str
    project: str


def conflict(mine: Tenant, others: Iterable[Tenant]) -> str | None:
    """Return why a tenant's project is refused, naming an older FeatureStore, or None."""
    for other in others:
        if _is_older(other, mine) and _endanger_each_other(mine, other):
            return (
                f"project {mine.project} cannot share an online store with project"
                f" {other.project} of FeatureStore {other.name}: Feast would delete the keys of"
                " both; choose a project that neither ends with the other one, or another cache"
            )
    return None


def _is_older(one: Tenant, other: Tenant) -> bool:
    return one.uid != other.uid and (one.created, one.uid) < (other.created, other.uid)


def _endanger_each_other(one: Tenant, other: Tenant) -> bool:
    is_suffix = one.project.endswith(other.project) or other.project.endswith(one.project)
    return one.endpoint == other.endpoint and is_suffix
