"""Where the Feast repository is kept: in Git, in a ConfigMap, or in the Jobs' image."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hotplate.api.fields.base import LocalRef, Model, Text
from hotplate.api.fields.rules import exactly_one_of, matching
from hotplate.api.v1alpha1.stores import AbsolutePath

GitUrl = Annotated[
    str,
    Field(max_length=1024),
    matching(r"(https|ssh)://\S+|git@\S+:\S+", "expected https://…, ssh://… or git@host:path"),
]
RelativePath = Annotated[
    str,
    Field(max_length=1024),
    matching(r"[^/\s]\S*", "expected a path relative to the repository's root"),
]


class GitCredentials(Model):
    """Credentials of a private repository."""

    secret_ref: LocalRef = Field(
        description="Secret of type kubernetes.io/basic-auth or kubernetes.io/ssh-auth."
    )


class GitDefinitions(Model):
    """A Feast repository in Git; the ref is resolved to a commit in status."""

    url: GitUrl = Field(description="URL of the repository.")
    ref: Text = Field(default="main", description="Branch, tag or commit.")
    path: RelativePath = Field(default=".", description="Folder of the Feast repository.")
    credentials: GitCredentials | None = Field(
        default=None,
        description="Credentials of a private repository. If omitted, the repository is public.",
    )


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
