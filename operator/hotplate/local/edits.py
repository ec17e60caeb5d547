"""Edits of the files that a run is made of: each takes effect once it has been saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hotplate.api import ManifestError
from hotplate.jobs.errors import JobError
from hotplate.jobs.repository.definitions import definition_files
from hotplate.local.errors import LocalError
from hotplate.local.manifests import Manifests, read

Signature = tuple[tuple[str, int, int], ...]
"""Path, time of the last change (ns) and bytes of each file."""


@dataclass(frozen=True)
class Version:
    """A version of the manifests, and the files that it was read from."""

    manifests: Manifests
    files: Files

    @classmethod
    def read(cls, manifest: Path) -> Version:
        """Read the manifests and take note of their files; raise as `manifests.read` does.

        They are read again once the files are noted, so that a save in between counts as an edit.
        """
        files = Files(manifest, read(manifest))
        return cls(read(manifest), files)


class Edits:
    """Takes up edits of a manifest and of the files that it names, since the version given."""

    def __init__(
        self,
        manifest: Path,
        version: Version,
        update: Callable[[Manifests], None],
        say: Callable[[str], None],
    ) -> None:
        self._manifest, self._version = manifest, version
        self._update, self._say = update, say

    def take_up(self) -> bool:
        """Take up an edit; return whether there was one.

        One that is refused is printed, and the run continues with what it had.
        """
        if not self._version.files.have_changed():
            return False
        try:
            version = Version.read(self._manifest)
            self._refuse_restart(version.manifests)
            self._update(version.manifests)
        except (LocalError, ManifestError) as error:
            self._say(f"error: {error}")
            return False
        self._version = version
        self._say(f"{self._manifest}, or a file that it names, has changed")
        return True

    def _refuse_restart(self, manifests: Manifests) -> None:
        """Raise `LocalError` where an edit is of what is read at the start alone."""
        if _read_at_start(manifests) != _read_at_start(self._version.manifests):
            raise LocalError("this edit takes effect at the next `hotplate up`: end this one first")


def _read_at_start(manifests: Manifests) -> tuple[Path, str, bool]:
    service = manifests.model_deployment.spec.bento.service
    return manifests.bento, service, manifests.uses_embedded


class Files:
    """The manifest, the definitions and the golden rows of a run."""

    def __init__(self, manifest: Path, manifests: Manifests) -> None:
        self._manifest, self._manifests = manifest, manifests
        self._known = self._seen = self._signature()

    def have_changed(self) -> bool:
        """Return whether the files have changed, and were the same when asked before.

        So an edit is not taken up while it is being saved, and each is reported once.
        """
        before, self._seen = self._seen, self._signature()
        if self._seen == self._known or self._seen != before:
            return False
        self._known = self._seen
        return True

    def _signature(self) -> Signature:
        return tuple(sorted(self._files()))

    def _files(self) -> Iterator[tuple[str, int, int]]:
        for path in self._paths():
            try:
                found = path.stat()
            except OSError:
                continue
            yield str(path), found.st_mtime_ns, found.st_size

    def _paths(self) -> Iterator[Path]:
        yield self._manifest
        if self._manifests.golden_rows is not None:
            yield self._manifests.golden_rows
        try:
            yield from definition_files(self._manifests.definitions)
        except JobError:
            return
