"""The kinds of children that a resource has none of, which need not be asked for again.

A child of a resource that the resource does not ask for is there only if the operator made it: so
what was seen to be missing stays so until the resource asks for something else.
"""

from __future__ import annotations

from hotplate.api import Resource
from hotplate.controller.metrics.resources import key_of
from hotplate.controller.queue import Key

Version = tuple[str | None, int | None]
"""UID and generation."""


class Absent:
    """The kinds that each resource neither has nor asks for, as of its UID and generation."""

    def __init__(self) -> None:
        self._known: dict[Key, tuple[Version, frozenset[str]]] = {}
        self._same: dict[frozenset[str], frozenset[str]] = {}

    def of(self, owner: Resource) -> frozenset[str]:
        """Return the kinds that need not be read."""
        version, kinds = self._known.get(key_of(owner), (None, frozenset()))
        return kinds if version == _version(owner) else frozenset()

    def note(self, owner: Resource, kinds: frozenset[str]) -> None:
        """Take the kinds that the resource neither has nor asks for; many have the same."""
        same = self._same.setdefault(kinds, kinds)
        self._known[key_of(owner)] = (_version(owner), same)

    def forget(self, key: Key) -> None:
        """Know nothing more of a resource that is gone."""
        self._known.pop(key, None)


def _version(owner: Resource) -> Version:
    return owner.metadata.uid, owner.metadata.generation
