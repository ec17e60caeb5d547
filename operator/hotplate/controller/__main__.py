"""Run the operator: `python -m hotplate.controller`."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

import kopf

from hotplate.controller.dependents import Dependents
from hotplate.controller.kube.client import connected
from hotplate.controller.metrics.operator import Metrics
from hotplate.controller.queue import EchoFilter, Queue
from hotplate.controller.reconciler import Reconciler
from hotplate.controller.settings import OperatorSettings
from hotplate.controller.watch import register


async def run(settings: OperatorSettings) -> None:
    """Run the operator until it is stopped."""
    registry, metrics, echoes = kopf.OperatorRegistry(), Metrics(), EchoFilter()
    register(registry)
    if settings.metrics is not None:
        metrics.serve(settings.metrics)
    async with connected(
        settings.kubeconfig,
        in_cluster=settings.kubeconfig is None,
        count=metrics.record_request,
        wrote=echoes.remember,
    ) as cluster:
        reconciler = Reconciler(cluster, settings, metrics)
        reconcile = partial(metrics.measured, reconciler.reconcile)
        queue = Queue(reconcile, settings.resync, reconciler.forget, echoes)
        metrics.watch_queue(queue)
        await kopf.operator(
            registry=registry,
            memo=kopf.Memo(settings=settings, queue=queue, dependents=Dependents()),
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
    asyncio.run(run(OperatorSettings.from_environment()))


if __name__ == "__main__":
    main()
