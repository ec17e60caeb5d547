"""The environment variables of a Job: the operator sets them, `hotplate job` reads them."""

from __future__ import annotations

MANIFEST = "HOTPLATE_MANIFEST"
"""Path of the file with the resources."""

DEFINITIONS = "HOTPLATE_DEFINITIONS"
"""Path of the Feast repository's folder."""

GIT_URL = "HOTPLATE_GIT_URL"
GIT_REF = "HOTPLATE_GIT_REF"
"""The Git repository of the definitions, and the branch, tag or commit to read."""

GIT_SECRET = "HOTPLATE_GIT_SECRET"  # noqa: S105 - a variable's name
"""Path of the folder with the keys of the repository's Secret."""

CHECKOUT = "HOTPLATE_CHECKOUT"
"""Path of the folder that the repository's files are put into."""

EMBEDDED_STORE = "HOTPLATE_EMBEDDED_STORE"
"""URL of the embedded Valkey: redis://host:port."""

ARTIFACTS = "HOTPLATE_ARTIFACTS"
"""URL of the artifact store."""

PLAN_HASH = "HOTPLATE_PLAN_HASH"
"""Hash of the plan to apply."""

READERS = "HOTPLATE_READERS"
"""Who reads the online data now, as `readers.to_json` writes it."""

VIEW = "HOTPLATE_VIEW"
"""Name of the feature view to materialize."""

START = "HOTPLATE_START"
END = "HOTPLATE_END"
"""Start and end of the window to materialize, RFC 3339."""

MODEL = "HOTPLATE_MODEL"
"""The model to verify: name:version@sha256:..."""

GOLDEN_ROWS = "HOTPLATE_GOLDEN_ROWS"
"""Path of the file with golden rows."""

RESULT = "HOTPLATE_RESULT"
"""Digest of the stored result of which the Job returns a part."""

RESULT_PART = "HOTPLATE_RESULT_PART"
"""Number of that part; the first is 0."""

REGISTRY_URL = "HOTPLATE_REGISTRY_URL"
"""SQLAlchemy URL of an SQL registry."""

ONLINE_CA_FILE = "HOTPLATE_ONLINE_CA_FILE"
"""Path of the online store's CA in PEM."""

ONLINE_PASSWORD_FILE = "HOTPLATE_ONLINE_PASSWORD_FILE"  # noqa: S105 - a variable's name
ONLINE_USERNAME_FILE = "HOTPLATE_ONLINE_USERNAME_FILE"
"""Paths of the files with the online store's password and user."""

ONLINE_PASSWORD = "HOTPLATE_ONLINE_PASSWORD"  # noqa: S105 - a variable's name
ONLINE_USERNAME = "HOTPLATE_ONLINE_USERNAME"
"""The password and the user themselves, in place of files on a laptop."""
