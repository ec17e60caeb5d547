"""Files that are rendered from the models: written, and checked to be up to date."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write texts into a folder by their file names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def stale_files(folder: Path, texts: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files of the folder that differ from the texts."""
    paths = {folder / name: text for name, text in texts.items()}
    return tuple(
        path
        for path, text in paths.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    )
