"""The environment of a Job on this machine: the names of a pod's, with local values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hotplate.decide.jobs.specs import JobSpec
from hotplate.local.files import write_whole
from hotplate.local.jobs.worker import Call
from hotplate.local.manifests import Manifests
from hotplate.local.resources import document
from hotplate.protocol import bentoml_environment, job_environment


@dataclass(frozen=True)
class Place:
    """What the Jobs of a run work on; `store` is the URL of the embedded Valkey, if it is used."""

    manifests: Manifests
    resources: Path
    bentoml: Path
    store: str | None

    def write_resources(self) -> None:
        """Write the file that Jobs read their resources from."""
        store = document(self.manifests.feature_store)
        model_deployment = document(self.manifests.model_deployment)
        write_whole(self.resources, f"{store}\n---\n{model_deployment}\n")

    def call(self, job_spec: JobSpec) -> Call:
        """Return the call of a Job."""
        environment = {
            job_environment.MANIFEST: str(self.resources),
            job_environment.DEFINITIONS: str(self.manifests.definitions),
            **({job_environment.EMBEDDED_STORE: self.store} if self.store else {}),
            **job_spec.variables,
            bentoml_environment.HOME: str(self.bentoml),
        }
        if job_spec.golden_rows is not None:
            environment[job_environment.GOLDEN_ROWS] = str(self.manifests.golden_rows)
        return Call(job_spec.name, environment)
