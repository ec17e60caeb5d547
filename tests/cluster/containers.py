"""podman and buildah with a storage and settings of the tests' own."""

import json
from functools import cache
from pathlib import Path

from cluster.debian import require_root_and
from cluster.processes import output_of, succeeds
from cluster.settings import cache_folder

SECONDS = 1800


@cache
def environment() -> dict[str, str]:
    """Write the settings; return the variables that make podman, buildah and kind use them."""
    require_root_and(["podman", "buildah", "runc"])
    folder = cache_folder() / "containers"
    folder.mkdir(parents=True, exist_ok=True)
    engine, storage = folder / "containers.conf", folder / "storage.conf"
    engine.write_text(_engine_settings(folder))
    storage.write_text(_storage_settings(folder))
    return {
        "CONTAINERS_CONF": str(engine),
        "CONTAINERS_STORAGE_CONF": str(storage),
        "KIND_EXPERIMENTAL_PROVIDER": "podman",
    }


def _engine_settings(folder: Path) -> str:
    """Return containers.conf: runc, since crun refuses hybrid cgroups; no resource limits.

    Setting limits takes a capability that a root user in a container may lack.
    """
    return f"""\
[containers]
default_ulimits = []
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
stop_timeout = 1
tmp_dir = {_quoted(folder / "tmp")}
volume_path = {_quoted(folder / "volumes")}
[network]
network_backend = "netavark"
network_config_dir = {_quoted(folder / "networks")}
"""


def _storage_settings(folder: Path) -> str:
    return f"""\
[storage]
driver = "overlay"
graphroot = {_quoted(folder / "storage")}
runroot = {_quoted(folder / "run")}
"""


def _quoted(path: Path) -> str:
    return json.dumps(str(path))


def podman(*arguments: str | Path) -> str:
    """Run podman and return its stdout."""
    return output_of(["podman", *arguments], environment=environment(), seconds=SECONDS)


def buildah(*arguments: str | Path) -> str:
    """Run buildah and return its stdout."""
    return output_of(["nice", "buildah", *arguments], environment=environment(), seconds=SECONDS)


def exists(kind: str, name: str) -> bool:
    """Tell whether the tests' own storage has an image, network or container of a name."""
    return succeeds(["podman", kind, "exists", name], environment=environment())
