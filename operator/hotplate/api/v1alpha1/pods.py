"""Typed settings of pods; a resource never embeds a PodSpec."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from hotplate.api.fields.base import DnsName, KeyRef, LocalRef, Model, Quantity, Text
from hotplate.api.fields.rules import Rule, exactly_one_of, matching

EnvName = Annotated[
    str,
    Field(max_length=128),
    matching(
        r"[A-Za-z_][A-Za-z0-9_]*", "expected letters, digits and '_', not starting with a digit"
    ),
]
Amounts = Annotated[dict[str, Quantity], Field(max_length=8)]
ObjectLabels = Annotated[dict[str, Annotated[str, Field(max_length=63)]], Field(max_length=32)]


class ResourceRequirements(Model):
    """Compute resources of a container."""

    requests: Amounts = Field(
        default_factory=dict,
        description="Amounts that are reserved for the container, such as `cpu: 500m`.",
    )
    limits: Amounts = Field(
        default_factory=dict,
        description=(
            "Amounts that the container may not exceed, such as `memory: 2Gi`. A CPU limit"
            " can pause a scoring process for longer than its latency budget."
        ),
    )


class TolerationOperator(StrEnum):
    """How a toleration compares the taint's value."""

    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(StrEnum):
    """What a taint does to pods that do not tolerate it."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(Model):
    """A taint that the pods tolerate."""

    key: Text | None = Field(default=None, description="Key of the taint. If omitted, any key.")
    operator: TolerationOperator = Field(
        default=TolerationOperator.EQUAL, description="How the value of the taint is compared."
    )
    value: Annotated[str, Field(max_length=63)] | None = Field(
        default=None, description="Value of the taint, with operator Equal."
    )
    effect: TaintEffect | None = Field(
        default=None, description="Effect of the taint. If omitted, any effect."
    )

    rules = (
        Rule(
            "self.operator != 'Exists' || !has(self.value)",
            "expected no value with operator Exists",
            lambda toleration: (
                toleration.operator is not TolerationOperator.EXISTS or not toleration.value
            ),
            "value",
        ),
    )


class EnvVar(Model):
    """An environment variable, given here or in a Secret or ConfigMap."""

    name: EnvName = Field(description="Name of the variable.")
    value: Annotated[str, Field(max_length=4096)] | None = Field(
        default=None, description="The value itself. It must not be secret."
    )
    secret_key_ref: KeyRef | None = Field(default=None, description="Key of a Secret.")
    config_map_key_ref: KeyRef | None = Field(default=None, description="Key of a ConfigMap.")

    rules = (exactly_one_of("value", "secretKeyRef", "configMapKeyRef"),)


class PullPolicy(StrEnum):
    """When the kubelet pulls an image."""

    ALWAYS = "Always"
    IF_NOT_PRESENT = "IfNotPresent"
    NEVER = "Never"


class PodSettings(Model):
    """Where and as whom pods run, and which compute resources they get."""

    image_pull_policy: PullPolicy = Field(
        default=PullPolicy.IF_NOT_PRESENT, description="When the image is pulled."
    )
    image_pull_secrets: Annotated[tuple[LocalRef, ...], Field(max_length=16)] = Field(
        default=(), description="Secrets with registry credentials."
    )
    service_account_name: DnsName | None = Field(
        default=None,
        description="ServiceAccount of the pods, for cloud identities. If omitted, `default`.",
    )
    resources: ResourceRequirements = Field(
        default=ResourceRequirements(), description="Compute resources of each container."
    )
    node_selector: ObjectLabels = Field(
        default_factory=dict, description="Labels of the nodes that the pods may run on."
    )
    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=32)] = Field(
        default=(), description="Taints that the pods tolerate."
    )
    env: Annotated[tuple[EnvVar, ...], Field(max_length=64)] = Field(
        default=(), description="Environment variables of the containers."
    )
