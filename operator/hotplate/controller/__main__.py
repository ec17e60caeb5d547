"""Run the operator: `python -m hotplate.controller`."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

import kopf

from hotplate.controller.dependents import Readers
from hotplate.controller.kube.client import connected
from hotplate.controller.metrics.operator import Metrics
from hotplate.controller.own_writes import OwnWrites
from hotplate.controller.queue import Triggers
from hotplate.controller.reconciler import Reconciler
from hotplate.controller.settings import Settings
from hotplate.controller.watch import register


async def run(settings: Settings) -> None:
    """Run the operator until it is told to stop."""
    registry, metrics = kopf.OperatorRegistry(), Metrics()
    register(registry)
    if settings.metrics is not None:
        metrics.serve(settings.metrics)
    in_cluster = settings.kubeconfig is None
    own = OwnWrites()
    async with connected(
        settings.kubeconfig, in_cluster=in_cluster, count=metrics.request, wrote=own.note
    ) as cluster:
        reconciler = Reconciler(cluster, settings, metrics)
        triggers = Triggers(
            partial(metrics.measured, reconciler.reconcile),
            settings.resync,
            reconciler.forget,
            own,
        )
        metrics.queue(triggers)
        await kopf.operator(
            registry=registry,
            memo=kopf.Memo(
                settings=settings,
                triggers=triggers,
                readers=Readers(),
            ),
            standalone=True,
            clusterwide=not settings.namespaces,
            namespaces=settings.namespaces,
            liveness_endpoint=settings.liveness,
        )


def main() -> None:
    """Run the operator with the settings of the environment."""
    kopf.configure(log_format=kopf.LogFormat.JSON)
    for name in ("kopf.objects", "aiohttp.access"):  # a line for every object seen, every probe
        logging.getLogger(name).setLevel(logging.WARNING)
    asyncio.run(run(Settings.from_environment()))


if __name__ == "__main__":
    main()
