"""The settings of a run's scoring process, and the stores that the run itself provides."""

from __future__ import annotations

import json

from hotplate.api.model_deployment import EMBEDDED
from hotplate.api.scoring import Pinned, serving_settings
from hotplate.local.manifests import Manifests
from hotplate.local.record import Record
from hotplate.local.state import State


def uses_embedded(manifests: Manifests) -> bool:
    """Whether the resources keep anything in the embedded Valkey."""
    return (
        manifests.feature_store.spec.uses_embedded_store
        or manifests.model_deployment.spec.model.store == EMBEDDED
    )


def write_settings(manifests: Manifests, state: State, store: str | None) -> None:
    """Write the scoring process's settings from the record of what was applied and trained."""
    settings = serving_settings(
        manifests.feature_store, manifests.model_deployment, _pinned(state.record()), store
    )
    state.settings.write_text(json.dumps(settings, indent=2))


def _pinned(record: Record) -> Pinned:
    if record.applied is None or record.model is None:
        raise ValueError("nothing is applied and trained yet")
    return Pinned(record.applied.read_plan, record.model.version, record.model.artifact)
