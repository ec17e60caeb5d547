"""A container image from a folder, without any container engine."""

import hashlib
import io
import json
import tarfile
import tempfile
from pathlib import Path
from typing import Any

SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def write_archive(path: Path, tag: str, root: Path, entrypoint: str) -> None:
    """Write a docker-archive whose one layer is the folder's content."""
    with tempfile.NamedTemporaryFile(dir=path.parent) as layer:
        with tarfile.open(fileobj=layer, mode="w") as content:
            content.add(root, ".")
        layer.flush()
        with tarfile.open(path, "w") as archive:
            _add(archive, "config.json", _config(Path(layer.name), entrypoint))
            _add(archive, "manifest.json", _manifest(tag))
            archive.add(layer.name, "layer.tar")


def _config(layer: Path, entrypoint: str) -> dict[str, Any]:
    with layer.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": [entrypoint], "Env": [SEARCH_PATH]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }


def _manifest(tag: str) -> list[dict[str, Any]]:
    return [{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]


def _add(archive: tarfile.TarFile, name: str, content: object) -> None:
    data = json.dumps(content).encode()
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))
