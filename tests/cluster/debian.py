"""Debian root file systems, made once by debootstrap and kept in the cache."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from cluster.binaries import Report
from cluster.processes import Command, output_of
from cluster.settings import ClusterUnavailableError, cache_folder, say

RELEASE = "bookworm"
DEBOOTSTRAP_SECONDS = 1800
UNUSED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "var/log")
APT_PACKAGES = (
    *("podman", "buildah", "runc", "iptables", "containernetworking-plugins", "netavark"),
    *("aardvark-dns", "debootstrap", "gcc", "iproute2", "jq"),
)


def root_file_system(name: str, packages: Sequence[str], report: Report = say) -> Path:
    """Return a folder with Debian's smallest system and the packages in it; do not change it."""
    digest = hashlib.sha256(" ".join([RELEASE, *packages]).encode()).hexdigest()[:12]
    ready = cache_folder() / "rootfs" / f"{name}-{digest}"
    if not ready.exists():
        report(f"making the root file system {name} (once; cached as {ready})")
        unfinished = ready.with_name(f"{ready.name}.{os.getpid()}")
        debootstrap(unfinished, packages)
        trim(unfinished)
        unfinished.rename(ready)
    return ready


def debootstrap(folder: Path, packages: Sequence[str]) -> None:
    """Install a minimal Debian into a folder."""
    require_root_and(["debootstrap"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    include = f"--include={','.join(packages)}"
    command: Command = ["nice", "debootstrap", "--variant=minbase", include, RELEASE, folder]
    output_of(command, seconds=DEBOOTSTRAP_SECONDS)


def trim(folder: Path) -> None:
    """Remove what no container reads: package lists and archives, documentation, logs."""
    for name in UNUSED:
        empty(folder / name)
    empty(folder / "var/lib/apt/lists")
    empty(folder / "var/cache/apt")


def empty(folder: Path) -> None:
    """Remove all that is in a folder and keep the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def require_root_and(programs: Sequence[str]) -> None:
    """Raise ClusterUnavailableError unless this is root on a machine with the programs."""
    if os.geteuid() != 0:
        raise ClusterUnavailableError("needs Docker, or root to make a node image without it")
    if missing := [name for name in programs if shutil.which(name) is None]:
        raise ClusterUnavailableError(
            f"needs {', '.join(missing)}: apt-get install {' '.join(APT_PACKAGES)}"
        )
