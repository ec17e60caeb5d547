"""Child kinds that a resource neither has nor wants, so that they are not fetched again.

Only the operator creates children. So a child that is missing and not wanted stays missing until
the resource's spec changes.
"""

from __future__ import annotations

from hotplate.api import Resource
from hotplate.controller.resource_key import ResourceKey, resource_key

Version = tuple[str | None, int | None]
"""UID and generation."""


class UnusedKinds:
    """The unused kinds of each resource, as of its UID and generation."""

    def __init__(self) -> None:
        self._known: dict[ResourceKey, tuple[Version, frozenset[str]]] = {}
        self._shared: dict[frozenset[str], frozenset[str]] = {}

    def of(self, owner: Resource) -> frozenset[str]:
        """Return the kinds that need not be fetched."""
        version, kinds = self._known.get(resource_key(owner), (None, frozenset()))
        return kinds if version == _version(owner) else frozenset()

    def remember(self, owner: Resource, kinds: frozenset[str]) -> None:
        """Remember the kinds that the resource neither has nor wants; equal sets are shared."""
        shared = self._shared.setdefault(kinds, kinds)
        self._known[resource_key(owner)] = (_version(owner), shared)

    def forget(self, key: ResourceKey) -> None:
        """Forget a resource that is gone."""
        self._known.pop(key, None)


def _version(owner: Resource) -> Version:
    return owner.metadata.uid, owner.metadata.generation
