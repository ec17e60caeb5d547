"""The operator's settings, from its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True)
class OperatorSettings:
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
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> OperatorSettings:
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
