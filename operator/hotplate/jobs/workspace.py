"""Where and against what a job works."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hotplate.api import FeatureStore
from hotplate.jobs.errors import JobError


@dataclass(frozen=True)
class Window:
    """A span of event times to materialize; without a start, from where the last one ended."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Workspace:
    """A FeatureStore resource, the folder of its definitions, and what surrounds them.

    `embedded_store` is redis://host:port of the embedded Valkey, where the resource says
    `embedded`; `model_store_home` is BENTOML_HOME; `artifacts` is the artifact store's URL, by
    default that of the resource, else the embedded Valkey. Passwords come from the environment,
    never from here.
    """

    feature_store: FeatureStore
    definitions: Path
    embedded_store: str | None = None
    model_store_home: Path | None = None
    artifacts: str | None = None

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
                f"FeatureStore {self.feature_store.metadata.name} keeps something in the embedded "
                "store, but none was given: pass --embedded-store redis://host:port",
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
