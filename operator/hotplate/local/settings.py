"""The settings of a run's scoring process, and the stores that the run itself provides."""

from __future__ import annotations

import json

from hotplate.api.v1alpha1.model_deployment import EMBEDDED
from hotplate.decide.serving_settings import Pinned, serving_settings
from hotplate.local.decide import served_model
from hotplate.local.manifests import Manifests
from hotplate.local.state import State


def uses_embedded(manifests: Manifests) -> bool:
    """Whether the resources keep anything in the embedded Valkey."""
    return (
        manifests.feature_store.spec.uses_embedded_store
        or manifests.model_deployment.spec.model.store == EMBEDDED
    )


def write_settings(manifests: Manifests, state: State, store: str | None) -> None:
    """Write the scoring process's settings from the record of what was applied and trained."""
    record = state.record()
    if record.applied is None:
        raise ValueError("nothing is applied yet")
    model = served_model(manifests.model_deployment, record)
    settings = serving_settings(
        manifests.feature_store,
        manifests.model_deployment,
        Pinned(record.applied.read_plan, *model),
        store,
    )
    state.settings.write_text(json.dumps(settings.document(), indent=2))
