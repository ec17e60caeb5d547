"""How a new revision takes over, how many pods there are, and the way in."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from hotplate.api.fields.base import DnsName, Duration, LocalRef, Model, parse_duration
from hotplate.api.fields.rules import Rule, at_least_one_of, matching
from hotplate.api.v1alpha1.pods import Labels

HostName = Annotated[
    str,
    Field(max_length=253),
    matching(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?", "expected a host name in lower case"),
]
UrlPath = Annotated[
    str, Field(max_length=256), matching(r"/\S*", "expected a path that begins with /")
]


class Autoscaling(Model):
    """How many pods there are, by load."""

    min_replicas: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=2, description="Pods that there are at least."
    )
    max_replicas: Annotated[int, Field(ge=1, le=1000)] = Field(
        description="Pods that there are at most."
    )
    requests_per_second: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None,
        description=(
            "Requests a second that one pod should have; needs a metrics adapter that serves"
            " bentoml_service_request_total as a rate."
        ),
    )
    cpu_utilization: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="Percent of its CPU request that a pod should use."
    )

    rules = (
        Rule(
            "self.minReplicas <= self.maxReplicas",
            "expected maxReplicas of minReplicas or more",
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
            "ConfigMap with the key rows.jsonl: an object a line, with `request`, and with"
            " `decision` (Approve or Reject), `probability`, or both."
        )
    )


class Rollout(Model):
    """How a new revision earns its traffic."""

    strategy: Strategy = Field(
        default=Strategy.ROLLING,
        description=(
            "How a new revision takes over. Rolling replaces the pods a few at a time, and each"
            " old one stays until a new one is ready."
        ),
    )
    verify: bool = Field(
        default=True,
        description=(
            "Whether a Job compares a sample of what is served with the offline store, and the"
            " model's contract with the feature service, before a new model gets traffic. It reads"
            " each view's window up to its ttl. Golden rows need it."
        ),
    )
    golden_rows: GoldenRows | None = Field(
        default=None,
        description=(
            "Requests with known answers, scored by a new model before it gets traffic, and again"
            " when they change."
        ),
    )

    rules = (
        Rule(
            "self.verify || !has(self.goldenRows)",
            "expected verify with goldenRows: they are scored by its Job",
            lambda rollout: rollout.verify or rollout.golden_rows is None,
            "goldenRows",
        ),
    )


class Ingress(Model):
    """An Ingress to the Service."""

    host: HostName = Field(description="Host that the Ingress answers to.")
    path: UrlPath = Field(default="/", description="Prefix of the paths it answers to.")
    class_name: DnsName | None = Field(
        default=None, description="IngressClass; absent: the cluster's default."
    )
    tls_secret_name: DnsName | None = Field(
        default=None, description="Secret with the certificate; absent: no TLS."
    )


class Gateway(Model):
    """An HTTPRoute of a Gateway to the Service."""

    name: DnsName = Field(description="The Gateway.")
    namespace: DnsName | None = Field(default=None, description="Its namespace, if another.")
    section_name: DnsName | None = Field(default=None, description="Its listener; absent: all.")
    hostnames: Annotated[tuple[HostName, ...], Field(max_length=16)] = Field(
        default=(), description="Hosts that the route answers to. Empty: the listener's."
    )
    path: UrlPath = Field(default="/", description="Prefix of the paths it answers to.")


class NetworkPolicy(Model):
    """Who may reach the scoring pods; nobody else does."""

    from_namespaces: Labels = Field(
        default_factory=dict,
        description="Labels of namespaces that may, beside the resource's own. Empty: none.",
    )


class Latency(Model):
    """The time for one decision, and for its features within it."""

    budget: Duration = Field(
        default=parse_duration("10ms"), description="Time for one decision, request to answer."
    )
    feature_deadline: Duration = Field(
        default=parse_duration("4ms"),
        description="Time after which the online read is given up and the request is referred.",
    )

    rules = (
        Rule(
            "self.featureDeadline < self.budget",
            "expected a featureDeadline shorter than the budget",
            lambda latency: latency.feature_deadline < latency.budget,
            "featureDeadline",
        ),
    )
