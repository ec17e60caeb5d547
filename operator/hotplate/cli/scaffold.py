"""Writes a small project of the user's own: the driver statistics example under another name."""

from __future__ import annotations

import re
import tempfile
from importlib.resources import files
from pathlib import Path

from hotplate.cli.exit import CommandError

TEMPLATES = Path(str(files("hotplate"))) / "templates"
MANIFEST = TEMPLATES / "driver-stats.yaml"
EXAMPLE = TEMPLATES / ".driver-stats"
"""The example's folder; hidden, so that type checkers do not take it for part of the package."""

_MADE_BY_RUNS = frozenset({"data", "__pycache__"})
_NAME = re.compile(r"[a-z]([a-z0-9_-]{0,38}[a-z0-9])?")


def init(name: str, parent: Path) -> Path:
    """Write the project `name` into a folder of that name in `parent`; return the folder.

    Raises:
        CommandError: the name is not valid, the folder is not empty, or it cannot be written.
    """
    _refuse_bad_name(name)
    folder = parent / name
    _refuse_used(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=parent) as workshop:
            project = Path(workshop) / name
            _write_project(project, name)
            project.rename(folder)
    except OSError as error:
        raise CommandError(
            f"{folder} cannot be written ({error.strerror}): "
            "run this in a folder that you can write to"
        ) from error
    return folder


def _refuse_bad_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise CommandError(
            f"{name or 'an empty name'}: expected lower-case letters, digits, - and _, first a "
            "letter, last a letter or digit, at most 40 characters, such as fraud_check"
        )


def _refuse_used(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise CommandError(f"{folder} exists and is not a directory: choose another name")
    if folder.is_dir() and any(folder.iterdir()):
        raise CommandError(f"{folder} exists and is not empty: choose another name, or remove it")


def _write_project(project: Path, name: str) -> None:
    for file in sorted(EXAMPLE.rglob("*")):
        path = file.relative_to(EXAMPLE)
        if file.is_file() and not _MADE_BY_RUNS.intersection(path.parts):
            _write(project / path, _renamed(file.read_text(), name))
    _write(project / f"{name}.yaml", _renamed(MANIFEST.read_text(), name))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _renamed(text: str, name: str) -> str:
    """Return the example's text with the project's name; its manifest lies in its own folder."""
    snake, kebab = name.replace("-", "_"), name.replace("_", "-")
    for old, new in (
        ("examples/driver-stats.yaml", f"{name}/{name}.yaml"),
        (": driver_stats/", ": "),
        ("driver-stats", kebab),
        ("driver_stats", snake),
    ):
        text = text.replace(old, new)
    return text
