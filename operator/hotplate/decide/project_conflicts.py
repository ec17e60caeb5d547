"""FeatureStores whose projects cannot share an online store: the older one keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hotplate.protocol.projects import endanger_each_other


@dataclass(frozen=True)
class Tenant:
    """What tells whether a FeatureStore conflicts with others of its online store."""

    uid: str
    generation: int
    name: str
    created: str
    endpoint: str
    project: str


def conflict(mine: Tenant, others: Iterable[Tenant]) -> str | None:
    """Return why a tenant's project is refused, naming an older FeatureStore, or None."""
    for other in others:
        if _is_older(other, mine) and _endangers(mine, other):
            return (
                f"project {mine.project} cannot share an online store with project"
                f" {other.project} of FeatureStore {other.name}: Feast would delete the keys of"
                " both; choose a project that neither ends with the other one, or another cache"
            )
    return None


def _is_older(one: Tenant, other: Tenant) -> bool:
    return one.uid != other.uid and (one.created, one.uid) < (other.created, other.uid)


def _endangers(one: Tenant, other: Tenant) -> bool:
    return one.endpoint == other.endpoint and endanger_each_other(one.project, other.project)
