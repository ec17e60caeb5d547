"""What Prometheus learns of the operator: its work, and what it last reported of each resource."""

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

from hotplate.api import Resource
from hotplate.controller.metrics.ended_runs import Status, ended_runs
from hotplate.controller.metrics.resources import ResourceMetrics
from hotplate.controller.queue import GoneError, Reconcile, Triggers

_RECONCILE_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_API_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)
_JOB_BUCKETS = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600)


class Metrics:
    """The operator's metrics; one for a process."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.resources = ResourceMetrics()
        self._of_reconciles()
        self._of_requests()
        self._of_jobs()
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
        name, text = "hotplate_reconcile_errors", "Reconciles that raised, to be tried again"
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

    def _of_jobs(self) -> None:
        name, text = "hotplate_jobs", "Jobs that ended; result is Succeeded or why it failed"
        self._jobs = Counter(name, text, ["job", "result"], registry=self.registry)
        name, text = "hotplate_job_seconds", "Time of a Job, all its pods together"
        self._job_seconds = Histogram(
            name, text, ["job"], buckets=_JOB_BUCKETS, registry=self.registry
        )

    def queue(self, triggers: Triggers) -> None:
        """Take how many resources wait, and how many are tried again after an error."""
        name, text = "hotplate_reconciles_waiting", "Resources that wait for their turn"
        waiting = Gauge(name, text, registry=self.registry)
        waiting.set_function(lambda: triggers.waiting)
        name, text = "hotplate_resources_failing", "Resources whose last reconcile raised"
        failing = Gauge(name, text, registry=self.registry)
        failing.set_function(lambda: triggers.failing)

    def request(self, verb: str, kind: str, code: int, seconds: float) -> None:
        """Count a request to the API server; code 0 is no answer."""
        self._requests.labels(verb, kind, str(code)).inc()
        self._request_seconds.labels(verb).observe(seconds)

    def reported(self, resource: Resource, status: Status) -> None:
        """Take what is reported of a resource, and count the Jobs whose end it tells first."""
        self.resources.keep(resource, status)
        for run in ended_runs(resource.status, status):
            self._jobs.labels(run.job, run.result).inc()
            if run.seconds is not None:
                self._job_seconds.labels(run.job).observe(run.seconds)

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
        """Serve the metrics on `host:port`, from a thread of their own."""
        host, _, port = address.rpartition(":")
        start_http_server(int(port), host, self.registry)
