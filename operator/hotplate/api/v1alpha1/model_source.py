"""Where a ModelDeployment's bento and its model are kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hotplate.api.fields.base import (
    DnsName,
    LocalRef,
    Model,
    Text,
)
from hotplate.api.fields.rules import Rule, exactly_one_of, matching

EMBEDDED = "embedded"
LATEST = "latest"
StoreUrl = Annotated[
    str,
    Field(max_length=1024),
    matching(
        r"embedded|[a-z][a-z0-9+]*://\S+",
        "expected an fsspec URL, such as s3://bucket/models, or embedded",
    ),
]

ModelVersion = Annotated[
    str,
    Field(max_length=256),
    matching(
        r"latest|[a-z0-9_.-]+:[a-z0-9_.-]+@sha256:[0-9a-f]{64}",
        "expected latest, or name:version@sha256: and 64 hex digits",
    ),
]


class BentoClaim(Model):
    """A folder of a PersistentVolumeClaim."""

    name: DnsName = Field(description="PersistentVolumeClaim in the resource's namespace.")
    path: Annotated[
        str,
        Field(max_length=512),
        matching(
            r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*",
            "expected a folder of the claim, without a slash at the start or end",
        ),
    ] = Field(
        description=(
            "Folder of the bento on the claim. A new version needs a new folder to roll out."
        )
    )

    rules = (
        Rule(
            "self.path.split('/').all(part, part != '..')",
            "expected a path without '..'",
            lambda claim: ".." not in claim.path.split("/"),
            "path",
        ),
    )


class Bento(Model):
    """The bento that serves: in an image of its own, or mounted into the stock serving image."""

    image: Text | None = Field(
        default=None, description="Image with the bento, built by its Dockerfile."
    )
    config_map: LocalRef | None = Field(
        default=None,
        description=(
            "ConfigMap with one key per file of a bento without folders, for the stock"
            " serving image. A changed ConfigMap rolls out."
        ),
    )
    claim: BentoClaim | None = Field(
        default=None,
        description="Folder of a claim with the bento, for the stock serving image.",
    )
    service: Annotated[
        str,
        Field(max_length=128),
        matching(r"[A-Za-z_][A-Za-z0-9_]*", "expected the class name of a BentoML service"),
    ] = Field(description="Class of the bento's entry service, as in its bento.yaml.")

    rules = (exactly_one_of("image", "configMap", "claim"),)


class ModelSource(Model):
    """Where models are kept, and which one serves."""

    store: StoreUrl = Field(
        description=(
            "Where models are kept: an fsspec URL such as s3://bucket/models, or `embedded` for"
            " the feature store's embedded Valkey (development)."
        )
    )
    claim_name: DnsName | None = Field(
        default=None,
        description="PersistentVolumeClaim that is mounted at the path of a file:// store.",
    )
    version: ModelVersion = Field(
        default=LATEST,
        description=(
            "`latest` is the last model that this resource trained, pinned in status. Any"
            " other value is a model of the store by its BentoML tag and artifact,"
            " name:version@sha256:…, as status has it."
        ),
    )

    rules = (
        Rule(
            "self.store.startsWith('file://') == has(self.claimName)",
            "expected a claimName with a file:// store, and only then",
            lambda model: model.store.startswith("file://") == (model.claim_name is not None),
            "claimName",
        ),
    )

    @property
    def pinned(self) -> tuple[str, str] | None:
        """The tag and the artifact that the version names, unless it is `latest`."""
        tag, at, artifact = self.version.partition("@")
        return (tag, artifact) if at else None
