"""The operator's settings, from its environment, and Kopf's, all in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import kopf

from hotplate.api.v1alpha1 import names


@dataclass(frozen=True)
class Settings:
    """What an installation chooses; without namespaces the whole cluster is watched."""

    namespaces: tuple[str, ...] = ()
    jobs_image: str = "hotplate/jobs:0.1.0"
    serving_image: str = "hotplate/serving:0.1.0"
    valkey_image: str = "valkey/valkey:9.1"
    resync: timedelta = field(default_factory=lambda: timedelta(minutes=5))
    kubeconfig: str | None = None
    liveness: str = "http://0.0.0.0:8080/healthz"
    metrics: str | None = None
    """Address `host:port` to serve metrics on; None serves none."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Return the settings; each is HOTPLATE_ and its name, the resync time in seconds."""
        default = cls()
        listed = environment.get("HOTPLATE_NAMESPACES", "").split(",")
        seconds = environment.get("HOTPLATE_RESYNC")
        return cls(
            namespaces=tuple(name.strip() for name in listed if name.strip()),
            jobs_image=environment.get("HOTPLATE_JOBS_IMAGE", default.jobs_image),
            serving_image=environment.get("HOTPLATE_SERVING_IMAGE", default.serving_image),
            valkey_image=environment.get("HOTPLATE_VALKEY_IMAGE", default.valkey_image),
            resync=timedelta(seconds=float(seconds)) if seconds else default.resync,
            kubeconfig=environment.get("KUBECONFIG"),
            liveness=environment.get("HOTPLATE_LIVENESS", default.liveness),
            metrics=environment.get("HOTPLATE_METRICS"),
        )


class NoDiffs(kopf.DiffBaseStorage):
    """Nothing to compare an object with: handlers of plain events have no use for a difference.

    Kopf would copy every body that an event brings, twice.
    """

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Return nothing of the object."""
        return cast("kopf.BodyEssence", {})

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        """Return what was handled last, which is never kept."""
        return None

    def store(self, **_: Any) -> None:
        """Keep nothing."""


def configure(settings: kopf.OperatorSettings, operator: Settings) -> None:
    """Set what Kopf is to do; it watches and nothing else: no finalizer, no annotation, no Event.

    The prefixes are ours all the same, so that no other Kopf operator is disturbed should a
    handler that needs them be added. Kopf takes its finalizer off where no handler needs one, so
    it is not the one that a FeatureStore waits by.
    """
    settings.persistence.finalizer = f"{names.GROUP}/kopf"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=names.GROUP)
    settings.persistence.diffbase_storage = NoDiffs()
    settings.execution.default_backoff = 10
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.networking.request_timeout = 30
    settings.networking.enforce_retry_after = True
    settings.watching.server_timeout = 10 * 60
    settings.watching.chunk_size = 100
    settings.queueing.worker_limit = 200
    settings.queueing.idle_timeout = 0.1  # s; until then a worker keeps its object in memory
    settings.scanning.disabled = bool(operator.namespaces)
    owned = f"{names.MANAGED_BY_LABEL}=hotplate"
    for group, version, plural in CHILDREN:
        settings.watching.label_selectors[group, version, plural] = owned


CHILDREN = (
    ("batch", "v1", "jobs"),
    ("apps", "v1", "deployments"),
    ("apps", "v1", "statefulsets"),
    ("policy", "v1", "poddisruptionbudgets"),
    ("autoscaling", "v2", "horizontalpodautoscalers"),
    ("networking.k8s.io", "v1", "networkpolicies"),
    ("networking.k8s.io", "v1", "ingresses"),
    ("", "v1", "services"),
    ("", "v1", "configmaps"),
)
"""Kinds of children that are watched, so that what is changed by hand is back within seconds."""
