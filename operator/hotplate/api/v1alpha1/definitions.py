"""Where the Feast repository is kept: in Git, in a ConfigMap, or in the Jobs' image."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from hotplate.api.fields.base import Duration, LocalRef, Model, parse_duration
from hotplate.api.fields.rules import Rule, exactly_one_of, matching
from hotplate.api.v1alpha1.stores import AbsolutePath

_USER = "[A-Za-z0-9_][A-Za-z0-9._-]*@"
_HOST = r"[A-Za-z0-9\[][A-Za-z0-9.:\[\]-]*"
_NAME = r"([^/\s.][^/\s]*|\.[^/\s.][^/\s]*|\.\.[^/\s]+|\.)"

GitUrl = Annotated[
    str,
    Field(max_length=1024),
    matching(
        rf"https://{_HOST}(/\S*)?|ssh://({_USER})?{_HOST}/\S+|{_USER}[A-Za-z0-9][A-Za-z0-9.-]*:\S+",
        "expected https://host/path, ssh://user@host/path or user@host:path, without a password",
    ),
]
GitRef = Annotated[
    str,
    Field(max_length=256),
    matching(
        r"[^\s\-+^~:?*\[\\][^\s^~:?*\[\\]*",
        "expected a branch, a tag or a commit, which does not begin with '-'",
    ),
]
Interval = Annotated[
    Duration,
    Rule(
        "self >= duration('30s')",
        "expected an interval of at least 30s",
        lambda interval: interval >= timedelta(seconds=30),
    ),
]
RelativePath = Annotated[
    str,
    Field(max_length=1024),
    matching(
        rf"{_NAME}(/{_NAME})*/?", "expected a path inside the repository, relative to its root"
    ),
]


class GitCredentials(Model):
    """Credentials of a private repository."""

    secret_ref: LocalRef = Field(
        description=(
            "Secret of type kubernetes.io/basic-auth, which may have a CA in key ca.crt, or of type"
            " kubernetes.io/ssh-auth with the server's host key in key known_hosts as well."
        )
    )


class GitDefinitions(Model):
    """A Feast repository in Git; the ref is resolved to a commit in status."""

    url: GitUrl = Field(description="URL of the repository.")
    ref: GitRef = Field(default="main", description="Branch, tag or commit.")
    interval: Interval = Field(
        default=parse_duration("5m"),
        description=(
            "How often the ref is resolved; another commit is planned, and applied as spec.apply"
            " allows. A ref that is a commit is not resolved again."
        ),
    )
    path: RelativePath = Field(default=".", description="Folder of the Feast repository.")
    credentials: GitCredentials | None = Field(
        default=None,
        description="Credentials of a private repository. If omitted, the repository is public.",
    )

    @property
    def is_pinned(self) -> bool:
        """Whether the ref is a commit, which it always stands for."""
        return re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", self.ref) is not None


class ImageDefinitions(Model):
    """A Feast repository inside `spec.jobs.image`."""

    path: AbsolutePath = Field(description="Folder of the Feast repository in the image.")


class Definitions(Model):
    """Where the Feast repository is."""

    git: GitDefinitions | None = Field(default=None, description="A repository in Git.")
    config_map: LocalRef | None = Field(
        default=None, description="A ConfigMap with one key per file, for small repositories."
    )
    image: ImageDefinitions | None = Field(default=None, description="A folder of the Jobs' image.")

    rules = (exactly_one_of("git", "configMap", "image"),)
