"""How a Job's pod gets the Feast repository: an init container puts it into a writable folder.

For a Git repository it runs `hotplate job checkout`. Its termination message is the commit that the
ref stands for, so that later Jobs of the revision check out the same one, or why it failed.
"""

from __future__ import annotations

from hotplate.api import FeatureStore
from hotplate.controller.children.pods import container, empty_dir, mount
from hotplate.controller.kube.manifest import Manifest, without_empty
from hotplate.protocol import job_environment

INIT_CONTAINER = "definitions"
FOLDER = "/definitions"
_VOLUME = "definitions"
_SOURCE = "definitions-source"
_SOURCE_FOLDER = "/definitions-source"
_KEYS = "git-keys"
_KEYS_FOLDER = "/etc/hotplate-git"

# Entry by entry: the kubelet owns the folder itself, so its mode and times cannot be set.
_COPY = """\
import pathlib, shutil, sys
source, folder = map(pathlib.Path, sys.argv[1:])
for entry in source.iterdir():
    if entry.name.startswith(".."):
        continue
    copy = shutil.copytree if entry.is_dir() else shutil.copy2
    copy(entry, folder / entry.name)
"""
_WRITE_COMMIT = "exec hotplate job checkout > /dev/termination-log"


def definitions_path(feature_store: FeatureStore) -> str:
    """Return the Feast repository's folder in a Job's container."""
    git = feature_store.spec.definitions.git
    return FOLDER if git is None or git.path == "." else f"{FOLDER}/{git.path}"


def definitions_mount() -> Manifest:
    """Return the mount of the folder; it is writable, since definitions may generate their data."""
    return mount(_VOLUME, FOLDER)


def definitions_volumes(feature_store: FeatureStore) -> list[Manifest]:
    """Return the volumes that the folder and its source need."""
    definitions = feature_store.spec.definitions
    volumes = [empty_dir(_VOLUME)]
    if definitions.config_map is not None:
        volumes.append({"name": _SOURCE, "configMap": {"name": definitions.config_map.name}})
    return [*volumes, *git_volumes(feature_store)]


def git_volumes(feature_store: FeatureStore) -> list[Manifest]:
    """Return the volume with the keys of the Git repository's Secret, if it has one."""
    git = feature_store.spec.definitions.git
    if git is None or git.credentials is None:
        return []
    secret = {"secretName": git.credentials.secret_ref.name, "defaultMode": 0o440}
    return [{"name": _KEYS, "secret": secret}]


def git_mounts(feature_store: FeatureStore) -> list[Manifest]:
    """Return the mount of that volume."""
    volumes = git_volumes(feature_store)
    return [mount(str(each["name"]), _KEYS_FOLDER, read_only=True) for each in volumes]


def git_environment(feature_store: FeatureStore, commit: str | None = None) -> list[Manifest]:
    """Return the variables that say what to read from Git; a commit replaces the ref."""
    git = feature_store.spec.definitions.git
    if git is None:
        return []
    values = {job_environment.GIT_URL: git.url, job_environment.GIT_REF: commit or git.ref}
    if git.credentials is not None:
        values[job_environment.GIT_SECRET] = _KEYS_FOLDER
    return [{"name": name, "value": value} for name, value in values.items()]


def init_container(feature_store: FeatureStore, image: str, commit: str | None) -> Manifest:
    """Return the container that fills the folder; a commit replaces the Git ref."""
    base = container(feature_store.spec.jobs, INIT_CONTAINER, image)
    git = feature_store.spec.definitions.git
    if git is None:
        return base | _copy(feature_store)
    tmp = mount("tmp", "/tmp")  # noqa: S108 - in the pod
    folder = {"name": job_environment.CHECKOUT, "value": FOLDER}
    return base | {
        "command": ["sh", "-c", _WRITE_COMMIT],
        "env": [folder, *git_environment(feature_store, commit)],
        "volumeMounts": [mount(_VOLUME, FOLDER), tmp, *git_mounts(feature_store)],
    }


def _copy(feature_store: FeatureStore) -> Manifest:
    image = feature_store.spec.definitions.image
    source = image.path if image is not None else _SOURCE_FOLDER
    mounts = [mount(_VOLUME, FOLDER)]
    if image is None:
        mounts.append(mount(_SOURCE, _SOURCE_FOLDER, read_only=True))
    return without_empty(
        {"command": ["python", "-c", _COPY, source, FOLDER], "volumeMounts": mounts}
    )
