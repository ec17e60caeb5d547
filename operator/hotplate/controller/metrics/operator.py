"""Metrics of the operator's own work, and the registry of all its metrics."""

from __future__ import annotations

import time
from datetime import datetime
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)

from hotplate.api import Resource, ResourceStatus
from hotplate.controller.metrics.jobs import JobMetrics
from hotplate.controller.metrics.resources import ResourceMetrics
from hotplate.controller.queue import GoneError, Queue, Reconcile

_RECONCILE_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_API_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)


class Metrics:
    """The operator's metrics, one instance in a process."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.resources = ResourceMetrics()
        self._of_reconciles()
        self._of_requests()
        self._jobs = JobMetrics(self.registry)
        self.registry.register(self.resources)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        build = Gauge("hotplate_build_info", "Always 1", ["version"], registry=self.registry)
        build.labels(version("hotplate")).set(1)

    def _of_reconciles(self) -> None:
        name, text = "hotplate_reconcile_seconds", "Time of one reconcile, with its requests"
        self._reconciles = Histogram(
            name, text, ["kind"], buckets=_RECONCILE_BUCKETS, registry=self.registry
        )
        name, text = "hotplate_reconcile_errors", "Reconciles that raised and are retried"
        self._errors = Counter(name, text, ["kind"], registry=self.registry)
        name, text = "hotplate_reconciles_running", "Reconciles under way"
        self._running = Gauge(name, text, registry=self.registry)

    def _of_requests(self) -> None:
        name, text = "hotplate_api_requests", "Requests to the API server; code 0: no answer"
        labels = ["verb", "kind", "code"]
        self._requests = Counter(name, text, labels, registry=self.registry)
        name, text = "hotplate_api_request_seconds", "Time of a request to the API server"
        self._request_seconds = Histogram(
            name, text, ["verb"], buckets=_API_BUCKETS, registry=self.registry
        )

    def watch_queue(self, queue: Queue) -> None:
        """Report how many resources wait, and how many are retried after an error."""
        name, text = "hotplate_reconciles_waiting", "Resources that wait for their turn"
        waiting = Gauge(name, text, registry=self.registry)
        waiting.set_function(lambda: queue.waiting)
        name, text = "hotplate_resources_failing", "Resources whose last reconcile raised"
        failing = Gauge(name, text, registry=self.registry)
        failing.set_function(lambda: queue.failing)

    def record_request(self, verb: str, kind: str, code: int, seconds: float) -> None:
        """Count a request to the API server; code 0: no answer."""
        self._requests.labels(verb, kind, str(code)).inc()
        self._request_seconds.labels(verb).observe(seconds)

    def record_status(self, resource: Resource, status: ResourceStatus) -> None:
        """Keep the status of a resource, and count the Jobs that it first reports as ended."""
        self.resources.keep(resource, status)
        self._jobs.record(resource.status, status)

    async def measured(
        self, reconcile: Reconcile, kind: str, namespace: str, name: str
    ) -> datetime | None:
        """Reconcile a resource; count it, its time, and whether it raised."""
        started = time.monotonic()
        with self._running.track_inprogress():
            try:
                return await reconcile(kind, namespace, name)
            except GoneError:
                raise
            except Exception:
                self._errors.labels(kind).inc()
                raise
            finally:
                self._reconciles.labels(kind).observe(time.monotonic() - started)

    def serve(self, address: str) -> None:
        """Serve the metrics on `host:port`, in a thread."""
        host, _, port = address.rpartition(":")
        start_http_server(int(port), host, self.registry)
