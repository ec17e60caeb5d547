"""The files that Hotplate mounts in the pods of Jobs and in scoring pods."""

from __future__ import annotations

FOLDER = "/etc/hotplate"
"""The folder with all of them."""

MANIFEST_FILE = f"{FOLDER}/resource.yaml"
"""The resources that a Job works on."""

GOLDEN_ROWS_FILE = f"{FOLDER}/rows.jsonl"
"""The golden rows of a verification; their ConfigMap has a key of the file's name."""

SETTINGS_FILE = f"{FOLDER}/serving.json"
"""The settings of a scoring process."""

CA_FILE = f"{FOLDER}/online-ca.pem"
"""The online store's CA, if the resource names one."""

PASSWORD_FILE = f"{FOLDER}/online-password"
USERNAME_FILE = f"{FOLDER}/online-username"
"""The online store's password and user, if a Secret has them."""


def key_of(path: str) -> str:
    """Return the file's name in its folder, which is its key in a ConfigMap or a projection."""
    return path.rpartition("/")[2]
