"""The checks of a preflight, made from this machine."""

from __future__ import annotations

from pathlib import Path

from hotplate import jobs
from hotplate.api import FeatureStore, load_manifests
from hotplate.api.v1alpha1 import names
from hotplate.jobs.tasks.preflight import checks
from hotplate.local.errors import LocalError
from hotplate.protocol.job_results import Check


def checks_of(manifest: Path) -> list[Check]:
    """Check the stores of the manifest's one FeatureStore.

    Raises:
        LocalError, ManifestError, JobError: nothing can be checked.
    """
    stores = [each for each in load_manifests(manifest) if isinstance(each, FeatureStore)]
    if len(stores) != 1:
        raise LocalError(f"{manifest}: expected one FeatureStore, found {len(stores)}")
    folder = stores[0].metadata.annotations.get(names.LOCAL_DEFINITIONS, ".")
    return checks(jobs.Workspace(stores[0], manifest.parent / folder))
