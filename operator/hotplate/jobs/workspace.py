"""What a Job works on: a FeatureStore, its definitions, and the stores around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hotplate.api import FeatureStore
from hotplate.jobs.errors import JobError
from hotplate.protocol.readers import Reader


@dataclass(frozen=True)
class Window:
    """A span of event times to materialize, by default from the view's watermark to now."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Workspace:
    """A FeatureStore resource, the folder of its definitions, and its stores.

    `embedded_store` is the embedded Valkey's URL, redis://host:port. `model_store_home` is
    BENTOML_HOME. `artifacts` is the artifact store's URL, by default that of the resource, else the
    embedded Valkey. Passwords come from the environment and are never held here. `plan_hash` is the
    plan to apply, by default whatever is planned; `readers` are who reads the online data, None if
    that is unknown.
    """

    feature_store: FeatureStore
    definitions: Path
    embedded_store: str | None = None
    model_store_home: Path | None = None
    artifacts: str | None = None
    plan_hash: str | None = None
    readers: tuple[Reader, ...] | None = None

    @property
    def project(self) -> str:
        """The Feast project."""
        return self.feature_store.spec.project

    @property
    def embedded(self) -> str:
        """The embedded Valkey's URL; raise `JobError` when the workspace has none."""
        if self.embedded_store is None:
            raise JobError(
                "EmbeddedStoreMissing",
                f"FeatureStore {self.feature_store.metadata.name} uses the embedded store, but its "
                "URL is missing: pass --embedded-store redis://host:port",
            )
        return self.embedded_store

    @property
    def artifact_url(self) -> str:
        """The URL of the artifact store; raise `JobError` when the workspace has none."""
        url = self.artifacts or self.feature_store.spec.artifacts or self.embedded_store
        if url is None:
            raise JobError(
                "ArtifactStoreMissing",
                "read plans and large results need an artifact store: set spec.artifacts to an "
                "fsspec URL such as s3://bucket/artifacts, or pass --artifacts or --embedded-store",
            )
        return url
