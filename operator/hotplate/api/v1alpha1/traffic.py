"""How a new revision takes over, how many pods serve, and how requests reach them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from hotplate.api.fields.base import DnsName, Duration, LocalRef, Model, parse_duration
from hotplate.api.fields.rules import Rule, at_least_one_of, matching
from hotplate.api.v1alpha1.pods import ObjectLabels

HostName = Annotated[
    str,
    Field(max_length=253),
    matching(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?", "expected a host name in lower case"),
]
UrlPath = Annotated[
    str, Field(max_length=256), matching(r"/\S*", "expected a path that begins with /")
]


class Autoscaling(Model):
    """The number of pods, by load."""

    min_replicas: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=2, description="Minimum number of pods."
    )
    max_replicas: Annotated[int, Field(ge=1, le=1000)] = Field(
        description="Maximum number of pods."
    )
    requests_per_second: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None,
        description=(
            "Requests a second that one pod should handle. It needs a metrics adapter that"
            " serves bentoml_service_request_total as a rate."
        ),
    )
    cpu_utilization: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="Percentage of its CPU request that a pod should use."
    )

    rules = (
        Rule(
            "self.minReplicas <= self.maxReplicas",
            "expected maxReplicas to be at least minReplicas",
            lambda scaling: scaling.min_replicas <= scaling.max_replicas,
            "maxReplicas",
        ),
        at_least_one_of("requestsPerSecond", "cpuUtilization"),
    )


class Strategy(StrEnum):
    """How a new revision takes over."""

    ROLLING = "Rolling"


class GoldenRows(Model):
    """Requests with known answers, scored before any traffic."""

    config_map: LocalRef = Field(
        description=(
            "ConfigMap with the key rows.jsonl. Each line is an object with `request`, and"
            " with `decision` (Approve or Reject), `probability`, or both."
        )
    )


class Rollout(Model):
    """How a new revision takes over, and what verifies it first."""

    strategy: Strategy = Field(
        default=Strategy.ROLLING,
        description=(
            "How a new revision takes over. Rolling replaces the pods a few at a time: an"
            " old pod stays until a new one is ready."
        ),
    )
    verify: bool = Field(
        default=True,
        description=(
            "Whether a Job verifies a new model before it gets traffic. It compares a"
            " sample of the online store with the offline store, and the model's contract"
            " with the feature service. It reads each view's window up to its ttl. Golden"
            " rows need it."
        ),
    )
    golden_rows: GoldenRows | None = Field(
        default=None,
        description=(
            "Requests with known answers. A new model scores them before it gets traffic,"
            " and again when they change."
        ),
    )

    rules = (
        Rule(
            "self.verify || !has(self.goldenRows)",
            "expected verify with goldenRows: its Job scores them",
            lambda rollout: rollout.verify or rollout.golden_rows is None,
            "goldenRows",
        ),
    )


class Ingress(Model):
    """An Ingress to the Service."""

    host: HostName = Field(description="Host name of the Ingress.")
    path: UrlPath = Field(default="/", description="Prefix of the paths that go to the Service.")
    class_name: DnsName | None = Field(
        default=None, description="IngressClass. If omitted, the cluster's default."
    )
    tls_secret_name: DnsName | None = Field(
        default=None, description="Secret with the certificate. If omitted, the Ingress has no TLS."
    )


class Gateway(Model):
    """An HTTPRoute of a Gateway to the Service."""

    name: DnsName = Field(description="Name of the Gateway.")
    namespace: DnsName | None = Field(
        default=None, description="Namespace of the Gateway. If omitted, the resource's own."
    )
    section_name: DnsName | None = Field(
        default=None, description="Listener of the Gateway. If omitted, all listeners."
    )
    hostnames: Annotated[tuple[HostName, ...], Field(max_length=16)] = Field(
        default=(), description="Host names of the route. If empty, those of the listener."
    )
    path: UrlPath = Field(default="/", description="Prefix of the paths that go to the Service.")


class NetworkPolicy(Model):
    """Who may reach the scoring pods. Everybody else is refused."""

    from_namespaces: ObjectLabels = Field(
        default_factory=dict,
        description=(
            "Labels of the namespaces that may reach the pods, besides the resource's own."
            " If empty, no other namespace may."
        ),
    )


class Latency(Model):
    """The time for one decision, and the part of it for reading features."""

    budget: Duration = Field(
        default=parse_duration("10ms"), description="Time for one decision, from request to answer."
    )
    feature_deadline: Duration = Field(
        default=parse_duration("4ms"),
        description="Time after which the online read is abandoned and the request is referred.",
    )

    rules = (
        Rule(
            "self.featureDeadline < self.budget",
            "expected a featureDeadline shorter than the budget",
            lambda latency: latency.feature_deadline < latency.budget,
            "featureDeadline",
        ),
    )
