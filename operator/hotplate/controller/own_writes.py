"""The versions that the operator itself wrote, so that an event that tells of one is no news."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 10_000
"""Versions that are kept: some are of kinds that nobody watches, and so are never told of."""


class OwnWrites:
    """The versions of what the operator wrote and has not been told of yet."""

    def __init__(self) -> None:
        self._versions: dict[str, None] = {}

    def note(self, version: str) -> None:
        """Take the version of an object as the operator wrote it."""
        self._versions[version] = None
        if len(self._versions) > _LONGEST:
            del self._versions[next(iter(self._versions))]

    def explain(self, versions: Iterable[str | None]) -> bool:
        """Return whether all the versions are the operator's, and forget them; None is nobody's."""
        told = set(versions)
        foreign = told - self._versions.keys()
        for version in told - foreign:
            self._versions.pop(str(version))
        return not foreign
