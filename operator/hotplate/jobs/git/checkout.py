"""The files of a commit in a folder, and the commit that a ref stands for."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hotplate.jobs.errors import JobError
from hotplate.jobs.git.program import Source, git

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PLACES = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}")
"""Where Git looks for a ref, in this order."""

_EVERY_REF = ("refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")


def checkout(source: Source, folder: Path) -> str:
    """Put the files of the ref's commit into the folder, which is empty; return the commit.

    Submodules are not cloned: their folders are empty.

    Raises:
        JobError: GitRefInvalid, GitLinkOutside, or a reason of `faults`.
    """
    _refuse_option(source)
    with tempfile.TemporaryDirectory() as place:
        repository = Path(place) / "repository"
        git(source, "init", "--quiet", "--bare", "--template=", str(repository))
        commit = _fetched(source, repository)
        files = f"--work-tree={folder}"
        git(source, files, "checkout", "--quiet", "--force", commit, "--", ".", folder=repository)
    _refuse_links_outside(folder)
    return commit


def _fetched(source: Source, repository: Path) -> str:
    """Fetch the ref, and its history where the server gives no single commit; return the commit."""
    try:
        _fetch(source, repository, "--depth=1", source.ref)
        name = "FETCH_HEAD"
    except JobError as error:
        if error.reason != "GitRefMissing" or not _COMMIT.fullmatch(source.ref):
            raise
        _fetch(source, repository, "--force", *_EVERY_REF)
        name = source.ref
    return git(source, "rev-parse", "--verify", f"{name}^{{commit}}", folder=repository).strip()


def _fetch(source: Source, repository: Path, option: str, *refs: str) -> None:
    options = ("--quiet", "--no-tags", "--no-recurse-submodules", option)
    git(source, "fetch", *options, "--", source.url, *refs, folder=repository)


def resolve(source: Source) -> str:
    """Return the commit that the ref stands for now; a commit stands for itself.

    Raises:
        JobError: GitRefInvalid, GitRefMissing, or a reason of `faults`.
    """
    _refuse_option(source)
    if _COMMIT.fullmatch(source.ref):
        return source.ref
    patterns = (source.ref, f"{source.ref}^{{}}")
    found = dict(_refs(git(source, "ls-remote", "--quiet", "--", source.url, *patterns)))
    for place in _PLACES:
        name = place.format(source.ref)
        if name in found:
            return found.get(f"{name}^{{}}", found[name])
    raise JobError(
        "GitRefMissing",
        f"{source.name}: the repository has no such branch or tag: correct definitions.git.ref",
    )


def _refs(listing: str) -> Iterator[tuple[str, str]]:
    for line in listing.splitlines():
        commit, _, name = line.partition("\t")
        yield name, commit


def _refuse_option(source: Source) -> None:
    """Raise `JobError` where Git could read the ref or the URL as something else."""
    if not re.fullmatch(r"[^\s\-+^~:?*\[\\][^\s^~:?*\[\\]*", source.ref):
        raise JobError(
            "GitRefInvalid", f"{source.name}: expected a branch, a tag or a commit as the ref"
        )


def _refuse_links_outside(folder: Path) -> None:
    """Raise `JobError` where a symbolic link of the repository leads out of it."""
    root = folder.resolve()
    for path in sorted(root.rglob("*")):
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root):
            raise JobError(
                "GitLinkOutside",
                f"{path.relative_to(root)} is a symbolic link out of the repository, to"
                f" {path.readlink()}: commit the file itself",
            )
